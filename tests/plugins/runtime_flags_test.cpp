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

TEST(RuntimeFlags, AreSetAndRestored) {
  at::set_num_threads(2);
  at::globalContext().setUserEnabledMkldnn(true);
  at::globalContext().setDeterministicAlgorithms(false, false);
  {
    const FlagLease lease({1, true, false});
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
    EXPECT_FALSE(at::globalContext().userEnabledMkldnn());
  }
  EXPECT_EQ(at::get_num_threads(), 2);
  EXPECT_FALSE(at::globalContext().deterministicAlgorithms());
  EXPECT_TRUE(at::globalContext().userEnabledMkldnn());
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
