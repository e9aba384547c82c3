// SPDX-License-Identifier: Apache-2.0
// Sessions of the cpu plugin whose runs compute at the same time: what they give, how many threads they have
// and where those stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const da3_plugin& plugin() { return test::open_plugin("cpu"); }

/// A run of one view in a session of its own. From its first step on it waits until so many runs have begun,
/// or the time is over.
class MeetingRun {
 public:
  MeetingRun(const test::AbiModel& model, std::atomic<int>& begun, int wanted, Clock::duration patience)
      : begun_(begun), wanted_(wanted), patience_(patience), pixels_(56 * 56 * 3, 90), depth(56 * 56) {
    EXPECT_EQ(plugin().session_create(model.model(), &session_, nullptr), DA3_OK);
  }
  ~MeetingRun() { plugin().session_destroy(session_); }
  MeetingRun(const MeetingRun&) = delete;

  void run() {
    da3_tensor image = test::tensor("image", pixels_.data(), 1, 8, image_shape_),
               output = test::tensor("depth", depth.data(), 2, 32, depth_shape_);
    const da3_tensor* in[1] = {&image};
    da3_tensor* out[1] = {&output};
    da3_watch watch = test::made<da3_watch>();
    watch.ctx = this;
    watch.progress = [](void* self, uint64_t, uint64_t, const char*) {
      static_cast<MeetingRun*>(self)->step();
    };
    da3_run run = test::made<da3_run>();
    run.in = in, run.out = out, run.n_in = run.n_out = 1, run.watch = &watch;
    const test::Answer answer =
        test::ask([&](da3_error* e) { return plugin().session_run(session_, &run, e); });
    EXPECT_EQ(answer.code, DA3_OK) << answer.message;
  }

  bool met = false;

 private:
  void step() {
    if (std::exchange(stepped_, true)) return;
    ++begun_;
    for (const auto until = Clock::now() + patience_; begun_ < wanted_ && Clock::now() < until;)
      std::this_thread::sleep_for(1ms);
    met = begun_ >= wanted_;
  }

  std::atomic<int>& begun_;
  const int wanted_;
  const Clock::duration patience_;
  bool stepped_ = false;
  std::vector<int64_t> image_shape_{1, 1, 56, 56, 3}, depth_shape_{1, 1, 56, 56};
  std::vector<uint8_t> pixels_;
  da3_session* session_ = nullptr;

 public:
  std::vector<float> depth;
};

test::Options options(const char* threads, const char* sessions, const char* affinity = "off") {
  return {{"threads", threads}, {"cpu.sessions", sessions}, {"cpu.affinity", affinity}, {"canary", "off"}};
}

std::string tiny() { return test::checkpoint_folder("tiny").string(); }

/// Both at once; whether the first to begin met the other.
bool meet(MeetingRun& a, MeetingRun& b) {
  std::thread first([&] { a.run(); }), second([&] { b.run(); });
  first.join(), second.join();
  return a.met && b.met;
}

size_t tasks() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

std::multiset<std::string> allowed_lists() {
  std::multiset<std::string> lists;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("Cpus_allowed_list:\t")) lists.insert(line.substr(19));
  }
  return lists;
}

std::vector<int> own_cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

TEST(CpuSessions, ComputeAtTheSameTimeAndGiveWhatOneGives) {
  test::AbiModel model(plugin(), options("2", "2"), tiny());
  std::atomic<int> begun{0};
  MeetingRun a(model, begun, 2, 20s), b(model, begun, 2, 20s);
  EXPECT_TRUE(meet(a, b)) << "one waited for the other";
  EXPECT_EQ(a.depth, b.depth);
  test::AbiModel single(plugin(), options("1", "1"), tiny());
  MeetingRun c(single, begun, 0, 0s);
  c.run();
  EXPECT_EQ(a.depth, c.depth) << "each has one thread";
}

TEST(CpuSessions, OfOneTakeTurns) {
  test::AbiModel model(plugin(), options("2", "1"), tiny());
  std::atomic<int> begun{0};
  MeetingRun a(model, begun, 2, 200ms), b(model, begun, 2, 200ms);
  EXPECT_FALSE(meet(a, b));
}

/// Two optimizers that would take every CPU each.
TEST(CpuSessions, OptimizersShareTheBudget) {
  const std::string all = std::to_string(std::max<size_t>(2, own_cpus().size()));
  test::AbiModel one(plugin(), options(all.c_str(), "1"), tiny()),
      two(plugin(), options(all.c_str(), "1"), tiny());
  std::atomic<int> begun{0};
  MeetingRun a(one, begun, 2, 200ms), b(two, begun, 2, 200ms);
  EXPECT_FALSE(meet(a, b)) << "twice as many threads as CPUs computed";
  EXPECT_EQ(a.depth, b.depth);
}

TEST(CpuSessions, HaveNoMoreThreadsThanTheyShare) {
  {
    test::AbiModel warm(plugin(), options("4", "1"), tiny());  // with what LibTorch starts for ever
    std::atomic<int> begun{0};
    MeetingRun run(warm, begun, 0, 0s);
    run.run();
  }
  for (const char* sessions : {"1", "2", "4"}) {
    const size_t before = tasks();
    test::AbiModel model(plugin(), options("4", sessions), tiny());
    std::atomic<int> begun{0};
    const int count = std::atoi(sessions);
    std::vector<std::unique_ptr<MeetingRun>> runs;
    for (int i = 0; i < count; ++i) runs.push_back(std::make_unique<MeetingRun>(model, begun, 0, 0s));
    std::vector<std::thread> hosts;
    for (auto& run : runs) hosts.emplace_back([&] { run->run(); });
    for (std::thread& host : hosts) host.join();
    EXPECT_LE(tasks(), before + 4) << sessions;
    EXPECT_GE(tasks(), before + 1) << sessions << ": this counts nothing";
  }
}

TEST(CpuSessions, ThreadsStayWhereTheyAreBound) {
  const std::vector<int> cpus = own_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU: every thread is on it";
  const auto before = allowed_lists();
  test::AbiModel model(plugin(), options("2", "1", "cores"), tiny());
  std::atomic<int> begun{0};
  MeetingRun run(model, begun, 0, 0s);
  run.run();
  const auto after = allowed_lists();
  size_t alone = 0;
  for (int cpu : cpus) alone += after.count(std::to_string(cpu)) - before.count(std::to_string(cpu));
  EXPECT_EQ(alone, 1u) << "OpenMP's second thread has a CPU to itself";
  EXPECT_EQ(own_cpus(), cpus) << "the caller's thread was bound";
}

}  // namespace
}  // namespace da3
