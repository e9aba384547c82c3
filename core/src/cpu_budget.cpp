// SPDX-License-Identifier: Apache-2.0
// How many threads: the affinity mask, and the CPU quota of the cgroup and its parents (a container's limit).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <da3/option_type.hpp>
#include <da3/plugin_registry.hpp>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace da3 {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<double> quota_of(std::string_view quota, std::string_view period) {
  const auto q = option_type::parse_float(quota), p = option_type::parse_float(period);
  if (!q || !p || *q <= 0 || *p <= 0) return std::nullopt;  // "max" (v2) and "-1" (v1) mean no limit
  return *q / *p;
}

std::optional<double> quota_v2(const fs::path& group) {
  const std::string line = first_line(group / "cpu.max");
  const size_t space = line.find(' ');
  if (space == std::string::npos) return std::nullopt;
  return quota_of(std::string_view(line).substr(0, space), std::string_view(line).substr(space + 1));
}

std::optional<double> quota_v1(const fs::path& group) {
  return quota_of(first_line(group / "cpu.cfs_quota_us"), first_line(group / "cpu.cfs_period_us"));
}

/// Least quota of a group and all above it, up to mount.
template <class Read>
std::optional<double> least_quota(const fs::path& mount, const std::string& group, Read read) {
  std::optional<double> least;
  fs::path relative = fs::path(group).relative_path().lexically_normal();
  for (int level = 0; level < 64; ++level) {
    if (const auto quota = read(mount / relative); quota && (!least || *quota < *least)) least = quota;
    if (relative.empty() || relative == ".") break;
    relative = relative.parent_path();
  }
  return least;
}

std::optional<double> cgroup_quota(const fs::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  std::optional<double> least;
  const auto take = [&](std::optional<double> quota) {
    if (quota && (!least || *quota < *least)) least = quota;
  };
  for (std::string line; std::getline(file, line);) {  // "0::/group" (v2), "4:cpu,cpuacct:/group" (v1)
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    if (controllers.empty()) {
      take(least_quota(root / "sys/fs/cgroup", group, quota_v2));
      continue;
    }
    for (std::string_view controller : option_type::split(controllers, ','))
      if (controller == "cpu")
        for (const char* mount : {"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"})
          take(least_quota(root / mount, group, quota_v1));
  }
  return least;
}

/// The "Cpus_allowed_list" of /proc/self/status: "0-3,8".
std::string allowed_list(const fs::path& root) {
  std::ifstream file(root / "proc/self/status");
  constexpr std::string_view label = "Cpus_allowed_list:";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(label))
      return std::string(option_type::trim(std::string_view(line).substr(label.size())));
  return {};
}

uint32_t count_of(const std::string& list) {
  int64_t count = 0;
  for (std::string_view part : option_type::split(list, ',')) {
    const auto ends = option_type::split(part, '-');
    const auto low = option_type::parse_int(ends.front()), high = option_type::parse_int(ends.back());
    if (!low || !high || *high < *low || *high > 1 << 20) return 0;
    count += *high - *low + 1;
  }
  return static_cast<uint32_t>(std::min<int64_t>(count, 1 << 20));
}

}  // namespace

CpuBudget cpu_budget(const fs::path& root) {
  CpuBudget budget;
  budget.cpus = allowed_list(root);
  budget.threads = budget.cpus.empty() ? 0 : count_of(budget.cpus);
  if (budget.threads > 0) {
    budget.reason = std::to_string(budget.threads) + " by affinity";
  } else {
    budget.cpus.clear();
    budget.threads = std::max(1u, std::thread::hardware_concurrency());
    budget.reason = std::to_string(budget.threads) + " in the machine";
  }
  if (const auto quota = cgroup_quota(root)) {
    const auto limit = static_cast<uint32_t>(std::max(1.0, std::ceil(std::min(*quota, 1e6))));
    if (limit < budget.threads) {
      char text[96];
      std::snprintf(text, sizeof text, "%u by the cgroup's quota of %.2f CPUs", limit, *quota);
      budget.threads = limit;
      budget.reason = text;
    }
  }
  return budget;
}

}  // namespace da3
