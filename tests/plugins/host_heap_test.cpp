// SPDX-License-Identifier: Apache-2.0
// Free memory of the heap goes back to the system, but not while somebody works.
#include "engine/host_heap.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/proc_file.hpp"

namespace da3 {
namespace {

uint64_t resident() { return test::proc_bytes("/proc/self/status", "VmRSS:"); }

constexpr size_t kBlock = 1024, kBlocks = size_t{64} << 10;
constexpr uint64_t kMost = kBlock * kBlocks * 3 / 4;  // of what is freed, at least so much goes or stays

/// Free memory below a block in use, which the C library keeps by itself.
class FreeMemory {
 public:
  FreeMemory() {
    std::vector<std::unique_ptr<char[]>> blocks;
    for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<char[]>(kBlock));
    last_ = std::move(blocks.back());
  }

 private:
  std::unique_ptr<char[]> last_;
};

TEST(HostHeap, GoesBackAtOnceWhereNobodyWorks) {
  const FreeMemory memory;
  const uint64_t before = resident();
  engine::trim_heap();
  EXPECT_LE(resident() + kMost, before);
}

TEST(HostHeap, GoesBackWhenTheWorkEnds) {
  auto first = std::make_unique<engine::HeapUse>(), second = std::make_unique<engine::HeapUse>();
  const FreeMemory memory;
  const uint64_t before = resident();
  engine::trim_heap();
  first.reset();
  EXPECT_GT(resident() + kMost, before) << "one still works";
  second.reset();
  EXPECT_LE(resident() + kMost, before);
}

TEST(HostHeap, StaysWhereNobodyAsked) {
  const FreeMemory memory;
  const uint64_t before = resident();
  { const engine::HeapUse work; }
  EXPECT_GT(resident() + kMost, before);
  engine::trim_heap();
}

}  // namespace
}  // namespace da3
