// SPDX-License-Identifier: Apache-2.0
#include "cpu/bound_threads.hpp"

#include <ATen/Parallel.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <iterator>
#include <utility>

#include "cpu/memory/pooled_allocator.hpp"

namespace da3::cpu {

BoundThreads::BoundThreads(const engine::Policy& policy)
    : affinity_(policy.affinity),
      each_(static_cast<size_t>(std::max(0, policy.cpus_each))),
      memory_sets_(std::begin(policy.memory_set), std::end(policy.memory_set)),
      placed_(static_cast<size_t>(engine::kMostSessions)) {
  const size_t count =
      std::min<size_t>(each_ * static_cast<size_t>(std::max(1, policy.sessions)), engine::kMostPlaces);
  cpus_.assign(std::begin(policy.cpus), std::begin(policy.cpus) + static_cast<std::ptrdiff_t>(count));
}

std::vector<int> BoundThreads::cpus_of(size_t lane) const {
  const auto begin = cpus_.begin() + static_cast<std::ptrdiff_t>(lane * each_);
  return {begin, begin + static_cast<std::ptrdiff_t>(each_)};
}

void BoundThreads::bind_calling_thread([[maybe_unused]] const std::vector<int>& cpus) {
#if defined(__linux__)
  // Allocated, because machines have more CPUs than a plain cpu_set_t holds.
  const int most = 1 + *std::max_element(cpus.begin(), cpus.end());
  cpu_set_t* set = CPU_ALLOC(most);
  const size_t bytes = CPU_ALLOC_SIZE(most);
  if (!set) return;
  CPU_ZERO_S(bytes, set);
  for (int cpu : cpus) CPU_SET_S(static_cast<size_t>(cpu), bytes, set);
  if (sched_setaffinity(0, bytes, set) != 0) refused_ = true;  // the process was moved since it was asked
  CPU_FREE(set);
#endif
}

void BoundThreads::place(size_t lane) {
  if (affinity_ == engine::Affinity::off || each_ == 0 || (lane + 1) * each_ > cpus_.size()) return;
  const std::vector<int> cpus = cpus_of(lane);
  if (!placed_[lane]) {
    placed_[lane] = 1;
    use_memory_set(memory_sets_[lane]);
    bind_calling_thread(cpus);
  }
  if (affinity_ != engine::Affinity::threads) return;
  // The lane's own thread keeps all of them: OpenMP may end threads and make them anew within a run, and
  // those begin where it may be.
  at::parallel_for(0, static_cast<int64_t>(each_), 1, [&](int64_t begin, int64_t end) {
    thread_local int bound = -1;
    if (at::get_thread_num() == 0) return;
    for (int64_t i = begin; i < end; ++i) {
      const int cpu = cpus[static_cast<size_t>(i)];
      if (std::exchange(bound, cpu) != cpu) bind_calling_thread({cpu});
    }
  });
}

}  // namespace da3::cpu
