// SPDX-License-Identifier: Apache-2.0
#include "engine/network_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace da3::engine {
namespace {

struct FakeNetwork : net::Network {
  explicit FakeNetwork(std::atomic<int>& count) : living(count) { ++living; }
  ~FakeNetwork() override { --living; }
  bool only_launches(const net::NetRequest&) const override { return false; }
  net::Computed compute(const net::NetInputs&, const net::NetRequest&, const net::Kernels&,
                        const net::RunControl&) const override {
    return {};
  }
  net::NetOutputs finish(net::Computed, const net::NetInputs&, const net::NetRequest&,
                         const net::RunControl&) const override {
    return {};
  }
  uint64_t forget_geometries() const override { return 0; }
  std::atomic<int>& living;
};

class Cache : public testing::Test {
 protected:
  static NetworkKey key(uint64_t inode) { return network_key({1, inode, 100, 5, 5}, {}, policy(), nullptr); }
  static Policy policy() { return {}; }
  NetworkCache::Shared make(uint64_t bytes = 100) {
    ++made;
    SharedNetwork shared;
    shared.bytes.always = bytes;
    shared.network = std::make_unique<FakeNetwork>(living);
    return std::make_shared<const SharedNetwork>(std::move(shared));
  }
  NetworkCache::Shared get(const NetworkKey& of) {
    return cache.get(
        of, [this] { return make(); }, [] {});
  }

  NetworkCache cache;
  std::atomic<int> made{0}, living{0};
};

TEST_F(Cache, TheSameKeyIsTheSameNetwork) {
  const auto first = get(key(1)), second = get(key(1));
  EXPECT_EQ(first, second);
  EXPECT_NE(get(key(2)), first);
  EXPECT_EQ(made, 2);
}

TEST_F(Cache, WhatShapesWeightsKeepsNetworksApart) {
  const checkpoint::FileIdentity file{1, 2, 3, 4, 5};
  const NetworkKey usual = network_key(file, {}, policy(), nullptr);
  for (auto change :
       {+[](checkpoint::FileIdentity& f) { f.device = 9; }, +[](checkpoint::FileIdentity& f) { f.inode = 9; },
        +[](checkpoint::FileIdentity& f) { f.size = 9; },
        +[](checkpoint::FileIdentity& f) { f.modified = 9; },
        +[](checkpoint::FileIdentity& f) { f.changed = 9; }}) {
    checkpoint::FileIdentity other = file;
    change(other);
    EXPECT_FALSE(network_key(other, {}, policy(), nullptr) == usual);
    EXPECT_FALSE(network_key(file, other, policy(), nullptr) == usual);
  }
  for (auto change :
       {+[](Policy& p) { p.precision = Precision::int8; },
        +[](Policy& p) { p.head_precision = Precision::float16; }, +[](Policy& p) { p.prepack = 1; },
        +[](Policy& p) { p.onednn = 0; }, +[](Policy& p) { p.emulate = 1; },
        +[](Policy& p) { p.dl_type = 2; }, +[](Policy& p) { p.threads = 7; }}) {
    Policy other = policy();
    change(other);
    EXPECT_FALSE(network_key(file, {}, other, nullptr) == usual);
  }
  Policy other = policy();
  other.memory_limit = 77, other.deterministic = 1, other.head_chunk_views = 2, other.keep_scratch = 0;
  other.sessions = 3, other.thread_budget = 9, other.affinity = Affinity::sessions, other.cpus_each = 2;
  other.memory_set[1] = 1, other.cpus[5] = 5;
  EXPECT_TRUE(network_key(file, {}, other, nullptr) == usual);
  EXPECT_FALSE(network_key(file, {}, policy(), &other) == usual) << "of one optimizer alone";
}

TEST_F(Cache, DropsTheOldestThatNobodyUses) {
  auto first = get(key(1)), second = get(key(2)), third = get(key(3));
  EXPECT_EQ(cache.idle_bytes(), 0u);
  EXPECT_EQ(cache.shrink(0), 0u) << "all are used";
  first.reset(), second.reset();
  EXPECT_EQ(cache.idle_bytes(), 200u);
  EXPECT_EQ(living, 3);
  get(key(1));  // now the second is the oldest
  EXPECT_EQ(cache.shrink(150), 100u);
  EXPECT_EQ(living, 2);
  const int before = made;
  get(key(1));
  EXPECT_EQ(made, before);
  get(key(2));
  EXPECT_EQ(made, before + 1);
  EXPECT_EQ(cache.shrink(0), 200u);
  EXPECT_EQ(living, 1);
  EXPECT_EQ(get(key(3)), third);
}

TEST_F(Cache, WhoComesMeanwhileWaits) {
  std::atomic<bool> waiting{false};
  NetworkCache::Shared other;
  std::thread thread;
  const auto mine = cache.get(
      key(1),
      [&] {
        thread = std::thread([&] {
          other = cache.get(
              key(1), [&] { return make(); }, [&] { waiting = true; });
        });
        while (!waiting) std::this_thread::yield();
        return make();
      },
      [] {});
  thread.join();
  EXPECT_EQ(mine, other);
  EXPECT_EQ(made, 1);
}

TEST_F(Cache, WhoWaitsMayGiveUp) {
  std::thread thread;
  std::atomic<bool> gave_up{false};
  cache.get(
      key(1),
      [&] {
        thread = std::thread([&] {
          try {
            cache.get(
                key(1), [&] { return make(); }, [] { throw std::runtime_error("cancelled"); });
          } catch (const std::runtime_error&) {
            gave_up = true;
          }
        });
        while (!gave_up) std::this_thread::yield();
        return make();
      },
      [] {});
  thread.join();
  EXPECT_EQ(made, 1);
}

TEST_F(Cache, AFailureLeavesNothing) {
  const auto fails = [&]() -> NetworkCache::Shared { throw std::runtime_error("bad file"); };
  EXPECT_THROW(cache.get(key(1), fails, [] {}), std::runtime_error);
  EXPECT_NE(get(key(1)), nullptr);
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace da3::engine
