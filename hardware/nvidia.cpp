// SPDX-License-Identifier: Apache-2.0
#include "hardware/nvidia.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

#include "hardware/child.hpp"
#include "hardware/nvidia_cache.hpp"

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;

/// Why there is nothing to ask, from files alone; empty: ask.
std::string files_reason(const NvidiaFiles& files) {
  if (files.platform == NvidiaPlatform::none) {
    const bool dxg = std::count(files.nodes.begin(), files.nodes.end(), "dxg") != 0;
    return dxg ? "no NVIDIA GPU is shown to this WSL; install NVIDIA's driver on the Windows side"
               : "no NVIDIA GPU was found on this machine";
  }
  if (files.platform != NvidiaPlatform::linux_driver || !files.driver.empty() || files.pci.empty()) return "";
  const NvidiaPciDevice& gpu = files.pci.front();
  if (gpu.driver.empty() || gpu.driver == "nvidia")
    return "there is an NVIDIA GPU at " + gpu.bus +
           ", but NVIDIA's driver is not loaded; install it, or load the module nvidia";
  return "the NVIDIA GPU at " + gpu.bus + " is held by the kernel module " + gpu.driver +
         ", not by NVIDIA's driver; install that driver, or give the GPU back to it";
}

const char* in_words(const std::string& stage) {
  if (stage == "open") return "while its library was opened";
  if (stage == "version") return "when asked for its version";
  if (stage == "init") return "in cuInit";
  return "when asked for its devices";
}

/// The end of what the child printed, one line.
std::string last_line(const std::string& output) {
  size_t end = output.find_last_not_of("\n\r ");
  if (end == std::string::npos) return "";
  const size_t start = output.rfind('\n', end);
  std::string line = output.substr(start == std::string::npos ? 0 : start + 1, end - (start + 1) + 1);
  return line.size() > 200 ? line.substr(0, 200) : line;
}

std::string trouble(const ChildEnd& end, const DriverAnswer& answer, const NvidiaQuery& query) {
  if (!end.failure.empty())
    return "the NVIDIA driver was not asked: " + query.helper.string() + " cannot be started (" +
           end.failure + "); install da3 again";
  const std::string what = end.trouble(query.time_limit);
  const std::string said = last_line(end.output);
  if (end.timed_out)
    return "the NVIDIA driver " + what + " " + in_words(answer.stage) +
           "; look at dmesg, then reset the GPU or reboot";
  return "the NVIDIA driver " + (what.empty() ? "ended its process" : what) + " " + in_words(answer.stage) +
         (said.empty() ? "" : " (it said: " + said + ")") + "; reinstall the driver";
}

std::string answer_reason(const DriverAnswer& answer, const NvidiaFiles& files) {
  if (!answer.missing.empty())
    return std::string("the NVIDIA driver's library cannot be used: ") + answer.missing + "; " +
           (files.driver.empty() ? "install the driver"
                                 : "install the libraries of driver " + files.driver +
                                       " (in a container: pass the host's in)");
  if (answer.status != 0) return cuda_error_sentence(answer.status);
  return answer.devices.empty() ? cuda_error_sentence(100) : "";
}

/// The place of each device on the bus, from files: the driver tells no NUMA node.
void add_numa_nodes(NvidiaFacts& facts) {
  for (NvidiaDevice& device : facts.devices)
    for (const NvidiaPciDevice& pci : facts.files.pci) {
      const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
      if (std::equal(pci.bus.begin(), pci.bus.end(), device.bus.begin(), device.bus.end(), same))
        device.numa_node = pci.numa_node;
    }
}

void take(NvidiaFacts& facts, DriverAnswer answer) {
  facts.asked = true;
  facts.cuda_version = answer.cuda_version;
  facts.status = answer.status;
  facts.devices = std::move(answer.devices);
  for (NvidiaDevice& device : facts.devices)
    if (device.name.find(" MIG ") != std::string::npos) device.mig = true;
  add_numa_nodes(facts);
}

}  // namespace

std::string NvidiaDevice::capability() const { return std::to_string(major) + "." + std::to_string(minor); }

std::string NvidiaDevice::uuid_text() const {
  if (std::all_of(uuid.begin(), uuid.end(), [](uint8_t byte) { return byte == 0; })) return "";
  std::string text = mig ? "MIG" : "GPU";
  for (size_t i = 0; i < uuid.size(); ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", uuid[i]);
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += two;
  }
  return text;
}

int NvidiaFacts::driver_branch() const {
  int branch = 0;
  std::from_chars(files.driver.data(), files.driver.data() + files.driver.size(), branch);
  return branch;
}

NvidiaFacts read_nvidia(const NvidiaQuery& query) {
  NvidiaFacts facts;
  facts.files = read_nvidia_files(query.root);
  facts.reason = files_reason(facts.files);
  if (!facts.reason.empty() || query.helper.empty()) return facts;
  const std::string key = answer_key(facts.files, query);
  if (auto known = recall_answer(query.cache_folder, key)) {
    take(facts, std::move(*known));
    facts.from_cache = true;
    return facts;
  }
  const ChildEnd end =
      run_child(query.helper, {"nvidia", query.library.string(), std::to_string(query.time_limit.count())},
                query.time_limit);
  const DriverAnswer answer = read_answer(end.answer);
  facts.reason = answer.complete ? answer_reason(answer, facts.files) : trouble(end, answer, query);
  if (facts.reason.empty()) remember_answer(query.cache_folder, key, answer);
  take(facts, answer);
  if (!answer.complete) facts.devices.clear();
  return facts;
}

bool runs_on(const std::vector<std::string>& built_for, const NvidiaDevice& device) {
  return std::any_of(built_for.begin(), built_for.end(), [&](const std::string& capability) {
    int major = 0, minor = 0;
    const char* end = capability.data() + capability.size();
    const auto first = std::from_chars(capability.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return false;
    return device.major == major && device.minor >= minor;
  });
}

fs::path find_scan_helper(const fs::path& library_folder) {
  fs::path at = library_folder;
  for (int level = 0; level < 5 && at.has_relative_path(); ++level, at = at.parent_path()) {
    const fs::path helper = at / "libexec" / "da3" / "da3-scan";
    if (::access(helper.c_str(), X_OK) == 0) return helper;
  }
  return {};
}

}  // namespace da3::hardware
