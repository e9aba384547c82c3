// SPDX-License-Identifier: Apache-2.0
#include "cpu/share_out.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace da3::cpu {
namespace {

TEST(ShareOut, DoesEachPieceOnce) {
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    for (const int64_t pieces : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(pieces));
      share_out(pieces, 64, [&](int64_t i, void* scratch) {
        EXPECT_NE(scratch, nullptr);
        ++done[static_cast<size_t>(i)];
      });
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
  }
}

/// Not only the thread that hears of it: the others would go on to the end.
TEST(ShareOut, EndsForAllThreadsWhenTheHookThrows) {
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    const net::OperationHook cancel([] { throw std::runtime_error("cancelled"); });
    constexpr int64_t pieces = 1000;
    std::atomic<int64_t> done{0};
    EXPECT_THROW(share_out(pieces, 64,
                           [&](int64_t, void*) {
                             std::this_thread::sleep_for(std::chrono::milliseconds(1));
                             ++done;
                           }),
                 std::runtime_error);
    EXPECT_LT(done, pieces) << threads << " threads";
    if (threads == 1) {
      EXPECT_EQ(done, 1);
    }
  }
}

}  // namespace
}  // namespace da3::cpu
