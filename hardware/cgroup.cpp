// SPDX-License-Identifier: Apache-2.0
#include "hardware/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;

std::optional<uint64_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;  // no file, "max", or "-1"
}

/// A group and its parents up to the mount: every one of them limits. In a container the path may name a
/// folder that only the host sees, then what is mounted is the group itself.
std::vector<fs::path> with_parents(const fs::path& mount, const fs::path& group) {
  std::vector<fs::path> folders = {mount};
  fs::path at = mount;
  for (const fs::path& part : group.relative_path()) {
    at /= part;
    std::error_code error;
    if (!part.empty() && part != ".." && fs::is_directory(at, error))
      folders.push_back(at);
    else
      break;
  }
  return folders;
}

void limit_cpus(CgroupLimits& limits, double quota, double period) {
  if (quota <= 0 || period <= 0) return;
  const double cpus = quota / period;
  limits.cpus = limits.cpus > 0 ? std::min(limits.cpus, cpus) : cpus;
}

void limit_memory(CgroupLimits& limits, const fs::path& folder, const char* limit_name,
                  const char* usage_name) {
  const auto limit = read_number(folder / limit_name);
  // Version 1 says "no limit" with the largest multiple of the page size.
  if (!limit || *limit == 0 || *limit > UINT64_MAX / 4) return;
  limits.memory_limit = std::min(limits.memory_limit, *limit);
  uint64_t used = read_number(folder / usage_name).value_or(0);
  // File pages count as used but are given back on demand.
  std::ifstream stat(folder / "memory.stat");
  std::string key;
  for (uint64_t value = 0; stat >> key >> value;)
    if (key == "inactive_file" || key == "total_inactive_file") {
      used -= std::min(used, value);
      break;
    }
  limits.memory_free = std::min(limits.memory_free, *limit - std::min(*limit, used));
}

void read_version2(CgroupLimits& limits, const fs::path& folder) {
  std::ifstream file(folder / "cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period) limit_cpus(limits, quota, period);
  limit_memory(limits, folder, "memory.max", "memory.current");
}

}  // namespace

CgroupLimits read_cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "4:cpu,cpuacct:/group" or "0::/group"
    std::istringstream fields(line);
    std::string number, controllers, group;
    if (!std::getline(fields, number, ':') || !std::getline(fields, controllers, ':') ||
        !std::getline(fields, group))
      continue;
    if (controllers.empty()) {
      for (const fs::path& folder : with_parents(mount, group)) read_version2(limits, folder);
      continue;
    }
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
      std::error_code error;
      const fs::path controller = fs::is_directory(mount / name, error) ? mount / name : mount / controllers;
      for (const fs::path& folder : with_parents(controller, group)) {
        if (name == "cpu") {
          const auto quota = read_number(folder / "cpu.cfs_quota_us"),
                     period = read_number(folder / "cpu.cfs_period_us");
          // "-1" means none and wraps around in an unsigned reader
          if (quota && period && *quota < UINT64_MAX / 4) limit_cpus(limits, double(*quota), double(*period));
        }
        if (name == "memory") limit_memory(limits, folder, "memory.limit_in_bytes", "memory.usage_in_bytes");
      }
    }
  }
  return limits;
}

}  // namespace da3::hardware
