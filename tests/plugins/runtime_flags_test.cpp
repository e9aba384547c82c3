// SPDX-License-Identifier: Apache-2.0
// LibTorch's process-global switches: set for a run, shared by runs that agree, restored after.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "engine/runtime_flags.hpp"

namespace da3::engine {
namespace {

/// Every process-global switch that a lease sets.
struct Switches {
  int threads;
  bool deterministic, warn_only, fill, onednn;
  at::Float32Precision matmul, convolution;
  bool operator==(const Switches&) const = default;
};

Switches now() {
  const at::Context& context = at::globalContext();
  return {at::get_num_threads(),
          context.deterministicAlgorithms(),
          context.deterministicAlgorithmsWarnOnly(),
          context.deterministicFillUninitializedMemory(),
          context.userEnabledMkldnn(),
          context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL),
          context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV)};
}

TEST(RuntimeFlags, AreSetAndRestored) {
  at::Context& context = at::globalContext();
  at::set_num_threads(2);
  context.setUserEnabledMkldnn(true);
  context.setDeterministicAlgorithms(false, false);
  context.setDeterministicFillUninitializedMemory(true);
  context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL, at::Float32Precision::BF16);
  context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV, at::Float32Precision::TF32);
  const Switches before = now();
  {
    const FlagLease lease({1, true, false});
    const Switches wanted{
        1, true, true, false, false, at::Float32Precision::IEEE, at::Float32Precision::IEEE};
    EXPECT_EQ(now(), wanted);
  }
  EXPECT_EQ(now(), before);
}

TEST(RuntimeFlags, RunsThatAgreeShareAndOthersWait) {
  std::atomic<bool> shared{false}, other{false};
  std::thread same, different;
  {
    const FlagLease lease({1, false, true});
    same = std::thread([&] {
      const FlagLease second({1, false, true});
      shared = true;
    });
    same.join();
    EXPECT_TRUE(shared) << "a run with the same switches had to wait";
    different = std::thread([&] {
      const FlagLease second({1, true, true});
      other = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(other) << "a run with other switches did not wait";
  }
  different.join();
  EXPECT_TRUE(other);
}

TEST(RuntimeFlags, SecondRequestForInteropThreadsIsNoError) {
  const int32_t first = request_interop_threads(2);
  EXPECT_GE(first, 1);
  EXPECT_EQ(request_interop_threads(first + 3), first);
}

}  // namespace
}  // namespace da3::engine
