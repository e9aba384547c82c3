// SPDX-License-Identifier: Apache-2.0
// How many threads: the affinity mask, and the CPU quota of the cgroup and its parents (a container's limit).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <da3/plugin_registry.hpp>
#include <thread>

#include "hardware/cpu.hpp"

namespace da3 {

CpuBudget cpu_budget(const std::filesystem::path& root) {
  const hardware::CpuFacts cpu = hardware::read_cpu(root);
  CpuBudget budget;
  budget.cpus = cpu.allowed_list;
  budget.threads = static_cast<uint32_t>(cpu.allowed.size());
  if (budget.threads > 0) {
    budget.reason = std::to_string(budget.threads) + " by affinity";
  } else {
    budget.cpus.clear();
    budget.threads = std::max(1u, std::thread::hardware_concurrency());
    budget.reason = std::to_string(budget.threads) + " in the machine";
  }
  if (cpu.quota <= 0) return budget;
  const auto limit = static_cast<uint32_t>(std::max(1.0, std::ceil(std::min(cpu.quota, 1e6))));
  if (limit < budget.threads) {
    char text[96];
    std::snprintf(text, sizeof text, "%u by the cgroup's quota of %.2f CPUs", limit, cpu.quota);
    budget.threads = limit;
    budget.reason = text;
  }
  return budget;
}

}  // namespace da3
