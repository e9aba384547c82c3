// SPDX-License-Identifier: Apache-2.0
// The thread that an engine runs everything on: order, waiting, withdrawing, errors. It knows nothing of
// LibTorch, so that the thread sanitizer can look at it (make tsan).
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "torch/engine/worker.hpp"

namespace da3::engine {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using ::testing::ElementsAre;

constexpr auto kForever = Clock::time_point::max();

/// A job that is on its way until open() is called.
struct Gate {
  std::atomic<bool> is_open{false}, is_reached{false};
  void pass() {
    is_reached = true;
    while (!is_open) std::this_thread::yield();
  }
  void wait_until_reached() const {
    while (!is_reached) std::this_thread::yield();
  }
};

TEST(Worker, RunsInTheOrderOfThePostsOnOneThread) {
  Worker worker;
  std::vector<int> order;
  std::set<std::thread::id> threads;
  std::vector<Worker::JobPtr> jobs;
  for (int i = 0; i < 20; ++i)
    jobs.push_back(worker.post([&, i] {
      order.push_back(i);
      threads.insert(std::this_thread::get_id());
    }));
  for (const Worker::JobPtr& job : jobs) EXPECT_TRUE(worker.finish(job, {}, kForever));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(Worker, CallsOfManyThreadsAreDoneOneAfterTheOther) {
  Worker worker;
  int inside = 0, most = 0, done = 0;  // plain numbers: the worker is their lock
  std::vector<std::thread> callers;
  for (int t = 0; t < 6; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        int mine = 0;
        worker.call([&] {
          most = std::max(most, ++inside);
          --inside;
          mine = ++done;
        });
        EXPECT_GT(mine, 0);
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 300);
  EXPECT_EQ(most, 1);
}

TEST(Worker, WhatAJobThrowsComesToItsCallerAndTheNextOneRuns) {
  Worker worker;
  EXPECT_THROW(worker.call([] { throw std::runtime_error("broken"); }), std::runtime_error);
  bool ran = false;
  worker.call([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(Worker, AWaitThatIsOverLeavesTheJobAlone) {
  Worker worker;
  Gate gate;
  const Worker::JobPtr job = worker.post([&] { gate.pass(); });
  gate.wait_until_reached();
  EXPECT_EQ(worker.wait(job, 0ms), Worker::State::running);
  EXPECT_FALSE(worker.finish(job, {}, Clock::now()));
  gate.is_open = true;
  EXPECT_TRUE(worker.finish(job, {}, kForever));
}

TEST(Worker, OnlyAJobThatWaitsCanBeWithdrawn) {
  Worker worker;
  Gate gate;
  bool ran = false;
  const Worker::JobPtr first = worker.post([&] { gate.pass(); });
  const Worker::JobPtr second = worker.post([&] { ran = true; });
  gate.wait_until_reached();
  EXPECT_FALSE(worker.withdraw(first));
  EXPECT_TRUE(worker.withdraw(second));
  EXPECT_FALSE(worker.withdraw(second)) << "it is gone already";
  gate.is_open = true;
  EXPECT_TRUE(worker.finish(first, {}, kForever));
  worker.call([] {});
  EXPECT_FALSE(ran);
}

TEST(Worker, ACallThatIsCancelledWhileItWaitsNeverBegins) {
  Worker worker;
  Gate gate;
  const Worker::JobPtr first = worker.post([&] { gate.pass(); });
  gate.wait_until_reached();
  bool ran = false;
  EXPECT_THROW(worker.call([&] { ran = true; }, [] { throw std::runtime_error("cancelled"); }),
               std::runtime_error);
  gate.is_open = true;
  EXPECT_TRUE(worker.finish(first, {}, kForever));
  EXPECT_FALSE(ran);
}

TEST(Worker, FinishesWhatWasQueuedBeforeItGoes) {
  std::atomic<int> done{0};
  {
    Worker worker;
    for (int i = 0; i < 10; ++i) worker.post([&] { ++done; });
  }
  EXPECT_EQ(done, 10);
}

}  // namespace
}  // namespace da3::engine
