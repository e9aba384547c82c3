// SPDX-License-Identifier: Apache-2.0
// LibTorch's tensors in arenas of our own, beside those of others.
#include "cpu/memory/pooled_allocator.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include <thread>

namespace da3::cpu {
namespace {

constexpr int64_t kMany = 1 << 20;

class PooledAllocator : public testing::Test {
 protected:
  void SetUp() override {
#ifdef DA3_SANITIZED
    GTEST_SKIP() << "not used in builds for sanitizers";
#endif
  }
  static at::Tensor tensor(int64_t elements = kMany) { return at::full({elements}, 3.0f, at::kFloat); }
  static bool in_runs(const at::Tensor& t) { return arena_of(MemoryUse::run).owns(t.const_data_ptr()); }
  static bool in_weights(const at::Tensor& t) {
    return arena_of(MemoryUse::weights).owns(t.const_data_ptr());
  }
};

/// Made before anything of this engine, freed at the end of the process.
at::Tensor& made_before() {
  static at::Tensor before = at::full({kMany}, 5.0f, at::kFloat);
  return before;
}

TEST_F(PooledAllocator, LeavesTensorsOfOthersAlone) {
  at::Tensor before = made_before();
  c10::Allocator* const theirs = c10::GetCPUAllocator();
  void* raw = theirs->raw_allocate(100000);
  install_pooled_allocator();
  ASSERT_NE(c10::GetCPUAllocator(), theirs);
  c10::GetCPUAllocator()->raw_deallocate(raw);  // as who keeps raw memory does: by the allocator of now
  const at::Tensor after = tensor();
  EXPECT_FALSE(in_runs(after) || in_weights(after));
  at::Tensor mine;
  std::thread([&] {
    const MemoryScope scope(MemoryUse::run);
    mine = tensor();
    EXPECT_TRUE(in_runs(mine));
    before.resize_({2 * kMany});
    EXPECT_FLOAT_EQ(before[kMany - 1].item<float>(), 5.0f);
  }).join();
  EXPECT_EQ(mine.sum().item<float>(), 3.0f * kMany);
}

TEST_F(PooledAllocator, GivesBackOnAnyThread) {
  install_pooled_allocator();
  const uint64_t used = arena_of(MemoryUse::run).counts().used;
  at::Tensor mine;
  {
    const MemoryScope scope(MemoryUse::run);
    mine = tensor();
  }
  EXPECT_GT(arena_of(MemoryUse::run).counts().used, used);
  std::thread([&] { mine.reset(); }).join();
  EXPECT_EQ(arena_of(MemoryUse::run).counts().used, used);
}

TEST_F(PooledAllocator, KeepsItsPromiseOfOneDeleter) {
  install_pooled_allocator();
  c10::Allocator* const allocator = c10::GetCPUAllocator();
  for (const MemoryUse use : {MemoryUse::others, MemoryUse::run, MemoryUse::weights})
    for (const size_t bytes : {size_t{16}, size_t{1} << 20}) {
      const MemoryScope scope(use);
      EXPECT_EQ(allocator->allocate(bytes).get_deleter(), allocator->raw_deleter());
      void* raw = allocator->raw_allocate(bytes);
      allocator->raw_deallocate(raw);
    }
}

TEST_F(PooledAllocator, WeightsLieApart) {
  install_pooled_allocator();
  const MemoryScope run(MemoryUse::run);
  {
    const MemoryScope weights(MemoryUse::weights);
    EXPECT_TRUE(in_weights(tensor()));
  }
  EXPECT_TRUE(in_runs(tensor())) << "the scope before it is back";
  EXPECT_FALSE(in_runs(tensor(16))) << "small ones stay with the C library";
}

}  // namespace
}  // namespace da3::cpu
