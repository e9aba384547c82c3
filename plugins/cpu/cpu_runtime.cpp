// SPDX-License-Identifier: Apache-2.0
#include "cpu/cpu_runtime.hpp"

#include <algorithm>

#include "cpu/memory/pooled_allocator.hpp"
#include "engine/host_heap.hpp"

namespace da3::cpu {

namespace {

void trim_runs() { trim_arenas(MemoryUse::run); }

}  // namespace

CpuRuntime::CpuRuntime(const engine::Policy& policy) : threads_(policy) {
  install_pooled_allocator();
  engine::trim_with_heap(trim_runs);
}

void CpuRuntime::enter(const std::function<void()>& body) {
  const MemoryScope scope(MemoryUse::run);
  body();
}

void CpuRuntime::keep(const std::function<void()>& body) {
  const MemoryScope scope(MemoryUse::weights);
  body();
}

void CpuRuntime::weights_changed() { trim_arenas(MemoryUse::weights); }

void CpuRuntime::fill_memory(da3_memory& memory, uint64_t weights) {
#ifndef DA3_SANITIZED
  const ArenaCounts runs = count_arenas(MemoryUse::run), kept = count_arenas(MemoryUse::weights);
  memory.activations = runs.used;
  memory.pool_idle = runs.idle + kept.idle;
  const uint64_t now = weights + runs.peak;
  uint64_t highest = peak_.load();
  while (highest < now && !peak_.compare_exchange_weak(highest, now)) {
  }
  memory.peak = std::max(highest, now);
#else
  (void)memory, (void)weights;
#endif
}

uint64_t CpuRuntime::trim() { return count_arenas(MemoryUse::run).idle; }

std::vector<std::pair<std::string, std::string>> CpuRuntime::describe(const net::Kernels&) {
  if (!threads_.refused()) return {};
  return {{"effective.affinity", "off"},
          {"effective.affinity.reason", "the system did not let threads stay on the chosen CPUs"}};
}

}  // namespace da3::cpu
