// SPDX-License-Identifier: Apache-2.0
// LibTorch's process-global switches. Runs that want the same settings share them, others wait their turn,
// and what was set before is restored when the last one leaves.
#pragma once

#include <cstdint>
#include <functional>

namespace da3::engine {

/// What concerns CUDA's libraries; TF32 is switched layer by layer (float32_switch.hpp).
struct CudaFlags {
  bool used = false;                ///< else nothing of this is touched
  int32_t benchmark_limit = 0;      ///< cuDNN measures this many algorithms for each shape, 0: none
  bool reduced_reductions = false;  ///< half precision products may add in half precision
  bool operator==(const CudaFlags&) const = default;
};

struct RuntimeFlags {
  int32_t threads = 1;         ///< intra-op threads (OpenMP's per calling thread, MKL's per process)
  bool deterministic = false;  ///< deterministic algorithms only
  bool onednn = true;
  CudaFlags cuda = {};
  bool operator==(const RuntimeFlags&) const = default;
};

/// How a lease is waited for.
struct LeaseWait {
  /// Runs that share the switches may have so many intra-op threads together; 0: any number. A run that has
  /// more by itself runs alone.
  int32_t thread_budget = 0;
  /// Called now and then meanwhile; what it throws ends the wait.
  std::function<void()> poll = {};
};

/// Holds the flags while it lives. Make it on the thread that runs the network. Who comes first is served
/// first.
class FlagLease {
 public:
  explicit FlagLease(const RuntimeFlags& flags, const LeaseWait& wait = {});
  ~FlagLease();
  FlagLease(const FlagLease&) = delete;
  FlagLease& operator=(const FlagLease&) = delete;

 private:
  int32_t threads_;
};

/// Asks for inter-op threads. LibTorch takes this once per process; later or refused requests change nothing.
/// Returns what the process has.
int32_t request_interop_threads(int32_t threads);

}  // namespace da3::engine
