// SPDX-License-Identifier: Apache-2.0
#include "commands/hardware_facts.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace da3::host {
namespace {

using Json = nlohmann::ordered_json;

Json known(uint64_t bytes) { return bytes == UINT64_MAX ? Json() : Json(bytes); }
Json known(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json node(int numa_node) { return numa_node < 0 ? Json() : Json(numa_node); }

std::string cuda_text(int version) {
  return version <= 0 ? "" : std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

const char* platform_name(hardware::NvidiaPlatform platform) {
  switch (platform) {
    case hardware::NvidiaPlatform::linux_driver:
      return "linux";
    case hardware::NvidiaPlatform::wsl:
      return "wsl";
    case hardware::NvidiaPlatform::jetson:
      return "jetson";
    default:
      return "none";
  }
}

Json cpu_json(const HardwareFacts& facts) {
  const hardware::CpuFacts& cpu = facts.cpu;
  Json json;
  json["name"] = cpu.name;
  json["architecture"] = cpu.x86 ? Json("x86_64") : cpu.arm ? Json("aarch64") : Json();
  json["instruction_sets"] = cpu.instruction_sets();
  json["cpus"] = cpu.online;
  json["affinity"] = known(cpu.allowed_list);
  json["quota"] = cpu.quota > 0 ? Json(cpu.quota) : Json();
  json["threads"] = facts.threads;
  json["threads_reason"] = facts.threads_reason;
  json["numa_node"] = node(cpu.numa_node);
  return json;
}

Json gpu_json(const hardware::NvidiaDevice& device) {
  Json json;
  json["index"] = device.index;
  json["name"] = device.name;
  json["compute_capability"] = device.capability();
  json["uuid"] = known(device.uuid_text());
  json["memory_total"] = known(device.memory_total);
  json["bus"] = known(device.bus);
  json["numa_node"] = node(device.numa_node);
  json["mig"] = device.mig;
  json["integrated"] = device.integrated;
  return json;
}

Json nvidia_json(const hardware::NvidiaFacts& facts) {
  Json json;
  json["platform"] = platform_name(facts.files.platform);
  json["driver"] = known(facts.files.driver);
  json["cuda"] = known(cuda_text(facts.cuda_version));
  json["asked"] = facts.asked;
  json["remembered"] = facts.from_cache;
  json["reason"] = facts.reason;
  json["devices"] = Json::array();
  for (const hardware::NvidiaDevice& device : facts.devices) json["devices"].push_back(gpu_json(device));
  json["pci"] = Json::array();
  for (const hardware::NvidiaPciDevice& device : facts.files.pci)
    json["pci"].push_back(
        {{"bus", device.bus}, {"driver", known(device.driver)}, {"numa_node", node(device.numa_node)}});
  return json;
}

Json metal_json(const hardware::MetalFacts& facts) {
  Json json;
  json["macos"] = known(facts.macos);
  json["reason"] = facts.reason;
  json["devices"] = Json::array();
  for (const hardware::MetalDevice& device : facts.devices)
    json["devices"].push_back({{"name", device.name},
                               {"apple_family", device.family > 0 ? Json(device.family) : Json()},
                               {"working_set", known(device.working_set)},
                               {"unified", device.unified},
                               {"low_power", device.low_power},
                               {"virtual", device.paravirtual}});
  return json;
}

std::string row(const char* name, const std::string& value) {
  char text[16];
  std::snprintf(text, sizeof text, "%-8s", name);
  return text + value + "\n";
}

std::string cpu_text(const HardwareFacts& facts) {
  std::string sets;
  for (const std::string& set : facts.cpu.instruction_sets()) sets += (sets.empty() ? "" : " ") + set;
  return row("cpu", facts.cpu.name + ", " + std::to_string(facts.threads) +
                        (facts.threads == 1 ? " thread (" : " threads (") + facts.threads_reason + ")") +
         (sets.empty() ? "" : row("", sets));
}

std::string memory_text(const hardware::MemoryFacts& memory) {
  const std::string free = gigabytes(memory.available), total = gigabytes(memory.total),
                    limit = gigabytes(memory.limit);
  std::string text = total.empty() ? "not known" : free.empty() ? total : free + " free of " + total;
  return row("memory", text + (limit.empty() ? "" : ", limited to " + limit + " by the cgroup"));
}

std::string nvidia_text(const hardware::NvidiaFacts& facts) {
  std::string text;
  const std::string driver = facts.files.driver, cuda = cuda_text(facts.cuda_version);
  const std::string with =
      (driver.empty() ? "" : ", driver " + driver) + (cuda.empty() ? "" : ", CUDA " + cuda);
  for (const hardware::NvidiaDevice& device : facts.devices) {
    const std::string memory = gigabytes(device.memory_total);
    text += row(text.empty() ? "nvidia" : "", std::to_string(device.index) + " " + device.name +
                                                  ", compute capability " + device.capability() +
                                                  (memory.empty() ? "" : ", " + memory) + with);
  }
  if (!text.empty() && facts.reason.empty()) return text;
  return text + row("nvidia", facts.reason.empty() ? "the driver was not asked" + with : facts.reason);
}

std::string metal_text(const hardware::MetalFacts& facts) {
  std::string text;
  for (const hardware::MetalDevice& device : facts.devices) {
    const std::string memory = gigabytes(device.working_set);
    text += row("metal",
                device.name + (memory.empty() ? "" : ", working set " + memory) + ", macOS " + facts.macos);
  }
  return text.empty() ? row("metal", facts.reason) : text;
}

}  // namespace

std::string gigabytes(uint64_t bytes) {
  if (bytes == UINT64_MAX) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / (1024.0 * 1024 * 1024));
  return text;
}

Json to_json(const HardwareFacts& facts) {
  Json json;
  json["cpu"] = cpu_json(facts);
  json["memory"] = {{"total", known(facts.memory.total)},
                    {"limit", known(facts.memory.limit)},
                    {"available", known(facts.memory.available)}};
  json["nvidia"] = nvidia_json(facts.nvidia);
  json["metal"] = metal_json(facts.metal);
  return json;
}

std::string to_text(const HardwareFacts& facts) {
  return cpu_text(facts) + memory_text(facts.memory) + nvidia_text(facts.nvidia) + metal_text(facts.metal);
}

}  // namespace da3::host
