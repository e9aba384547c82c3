// SPDX-License-Identifier: Apache-2.0
// Keeps the threads of runs on the CPUs that the policy chose.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "torch/engine_abi.hpp"

namespace da3::cpu {

class BoundThreads {
 public:
  explicit BoundThreads(const engine::Policy&);

  /// On the thread of a lane, before each of its runs and with its number of OpenMP threads set. That thread
  /// may use all CPUs of its session, and OpenMP's threads, which it makes, begin with the same ones; where
  /// each is to have a CPU of its own, those are then bound to theirs.
  void place(size_t lane);

  /// Whether the system refused: threads are where it puts them.
  bool refused() const { return refused_; }

 private:
  std::vector<int> cpus_of(size_t lane) const;
  void bind_calling_thread(const std::vector<int>& cpus);

  const engine::Affinity affinity_;
  const size_t each_;
  std::vector<int> cpus_;
  std::vector<uint8_t> memory_sets_;
  std::vector<uint8_t> placed_;  ///< by lane, each written by its own thread
  std::atomic<bool> refused_{false};
};

}  // namespace da3::cpu
