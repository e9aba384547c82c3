// SPDX-License-Identifier: Apache-2.0
// Runs of one process have no more threads together than the budget says, and take turns in order.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/runtime_flags.hpp"

namespace da3::engine {
namespace {

using namespace std::chrono_literals;

/// Threads of leases that are held, and the most at any moment.
struct Counter {
  std::atomic<int> now{0}, most{0};
  void add(int threads) {
    const int sum = now += threads;
    int before = most;
    while (before < sum && !most.compare_exchange_weak(before, sum)) {
    }
  }
};

int most_of(int optimizers, int32_t threads, int32_t budget) {
  Counter counter;
  std::vector<std::thread> all;
  for (int i = 0; i < optimizers; ++i)
    all.emplace_back([&] {
      for (int run = 0; run < 5; ++run) {
        const FlagLease lease({threads, false, true}, {budget});
        counter.add(threads);
        std::this_thread::sleep_for(5ms);
        counter.add(-threads);
      }
    });
  for (std::thread& thread : all) thread.join();
  return counter.most;
}

TEST(ThreadBudget, IsNotExceededByRunsAtTheSameTime) {
  EXPECT_EQ(most_of(4, 2, 4), 4);
  EXPECT_EQ(most_of(3, 2, 5), 4) << "a third of two threads does not fit";
  EXPECT_EQ(most_of(4, 4, 4), 4);
}

TEST(ThreadBudget, ARunThatHasMoreByItselfRunsAlone) { EXPECT_EQ(most_of(2, 8, 4), 8); }

TEST(ThreadBudget, WithoutOneAllRunAtTheSameTime) { EXPECT_EQ(most_of(3, 2, 0), 6); }

TEST(ThreadBudget, WaitingCanBeEnded) {
  const FlagLease held({2, false, true}, {2});
  std::atomic<int> polls{0};
  std::thread([&] {
    const auto give_up = [&] {
      if (++polls == 3) throw std::runtime_error("cancelled");
    };
    EXPECT_THROW(FlagLease({2, false, true}, {2, give_up}), std::runtime_error);
  }).join();
  EXPECT_EQ(polls, 3);
  std::atomic<bool> other{false};
  std::thread([&] {
    const FlagLease small({2, false, true}, {4});
    other = true;
  }).join();
  EXPECT_TRUE(other) << "who gave up is not in line any more";
}

/// A busy optimizer asks again at once; the one that waited comes first all the same.
TEST(ThreadBudget, WhoComesFirstIsServedFirst) {
  std::atomic<bool> waits{false}, served{false};
  std::thread other;
  {
    const FlagLease held({2, false, true}, {2});
    other = std::thread([&] {
      const FlagLease lease({2, true, true}, {2, [&] { waits = true; }});
      served = true;
      std::this_thread::sleep_for(5ms);
    });
    while (!waits) std::this_thread::sleep_for(1ms);
  }
  const FlagLease again({2, false, true}, {2});
  EXPECT_TRUE(served);
  other.join();
}

}  // namespace
}  // namespace da3::engine
