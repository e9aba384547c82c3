// SPDX-License-Identifier: Apache-2.0
// A machine's written record as capabilities.
#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <cctype>
#include <iterator>
#include <sstream>

#include "common/assumed_cpu.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {
namespace {

using hardware::NvidiaDevice;
using hardware::NvidiaPlatform;
using thin::Record;

[[noreturn]] void bad(const std::string& key, const std::string& value, const std::string& wanted) {
  throw Error(DA3_E_BAD_VALUE,
              "the machine's '" + key + "' = '" + value + "' is not " + wanted + "; change it");
}

/// "8.6" -> {8, 6}
std::pair<int, int> version(const Record& record, const std::string& key) {
  const std::string text = record.text(key);
  const size_t dot = text.find('.');
  const auto major = option_type::parse_int(text.substr(0, dot));
  const auto minor = dot == std::string::npos ? std::nullopt : option_type::parse_int(text.substr(dot + 1));
  if (!major || !minor || *major < 0 || *major > 99 || *minor < 0 || *minor > 9)
    bad(key, text, "a version like 8.6");
  return {static_cast<int>(*major), static_cast<int>(*minor)};
}

NvidiaPlatform platform(const Record& record) {
  const std::string key = "nvidia.platform", text = record.text(key, "linux");
  if (text == "linux") return NvidiaPlatform::linux_driver;
  if (text == "wsl") return NvidiaPlatform::wsl;
  if (text == "jetson") return NvidiaPlatform::jetson;
  bad(key, text, "linux, wsl or jetson");
}

/// "GPU-0f0e0d0c-..." or "MIG-..."; the prefix says which.
void read_uuid(const Record& record, const std::string& key, NvidiaDevice& device) {
  const std::string text = record.text(key);
  if (text.empty()) return;
  device.mig = text.rfind("MIG-", 0) == 0;
  std::string digits;
  for (const char c : text.substr(4))
    if (std::isxdigit(static_cast<unsigned char>(c))) digits += c;
  if ((!device.mig && text.rfind("GPU-", 0) != 0) || digits.size() != 32)
    bad(key, text, "a UUID as nvidia-smi -L writes it");
  for (size_t i = 0; i < device.uuid.size(); ++i)
    device.uuid[i] = static_cast<uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
}

NvidiaDevice read_device(const Record& record, const std::string& at, int index) {
  NvidiaDevice device;
  device.index = index;
  device.name = record.text(at + ".name", "NVIDIA GPU");
  std::tie(device.major, device.minor) = version(record, at + ".capability");
  read_uuid(record, at + ".uuid", device);
  device.memory_total = record.bytes(at + ".memory");
  device.bus = record.text(at + ".bus");
  device.numa_node = static_cast<int>(record.integer(at + ".numa_node", -1));
  device.integrated = record.flag(at + ".integrated");
  return device;
}

}  // namespace

Capabilities assumed_capabilities(const Record& record) {
  Capabilities c;
  c.built_for = built_for();
  const thin::AssumedCpu cpu = thin::assumed_cpu(record);
  c.cpus = cpu.usable;
  c.host_memory = cpu.memory_available;
  if (!record.has("nvidia")) {
    c.nvidia.reason = "no NVIDIA GPU was found on this machine";
    return c;
  }
  c.nvidia.files.platform = platform(record);
  c.nvidia.files.driver = record.text("nvidia.driver");
  c.nvidia.asked = true;
  if (record.has("nvidia.cuda")) {
    const auto [major, minor] = version(record, "nvidia.cuda");
    c.nvidia.cuda_version = 1000 * major + 10 * minor;
  }
  if (record.has("nvidia.built_for")) {
    std::istringstream words(record.text("nvidia.built_for"));
    c.built_for.assign(std::istream_iterator<std::string>(words), {});
  }
  for (const std::string& at : record.items("nvidia.devices"))
    c.nvidia.devices.push_back(read_device(record, at, static_cast<int>(c.nvidia.devices.size())));
  record.check_all_read("nvidia");
  return c;
}

}  // namespace da3::cuda
