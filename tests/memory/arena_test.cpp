// SPDX-License-Identifier: Apache-2.0
#include "cpu/memory/arena.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace da3::cpu {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

struct Taken {
  unsigned char* data;
  size_t bytes;
  unsigned char mark;
};

bool intact(const Taken& block) {
  for (size_t i = 0; i < block.bytes; ++i)
    if (block.data[i] != block.mark) return false;
  return true;
}

/// Takes and gives blocks of many sizes in an order that the seed decides, and looks after their contents.
void live(Arena& arena, unsigned seed, int steps) {
  std::mt19937 random(seed);
  std::vector<Taken> blocks;
  const auto give = [&](size_t i) {
    EXPECT_TRUE(intact(blocks[i])) << "block of " << blocks[i].bytes << " bytes was written to by another";
    arena.give(blocks[i].data);
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
  };
  for (int step = 0; step < steps; ++step) {
    if (blocks.empty() || (blocks.size() < 40 && random() % 2 == 0)) {
      const size_t bytes = random() % (size_t{1} << (random() % 20));
      auto* data = static_cast<unsigned char*>(arena.take(bytes));
      ASSERT_NE(data, nullptr);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
      ASSERT_TRUE(arena.owns(data));
      blocks.push_back({data, bytes, static_cast<unsigned char>(step)});
      std::memset(data, blocks.back().mark, bytes);
    } else {
      give(random() % blocks.size());
    }
  }
  while (!blocks.empty()) give(blocks.size() - 1);
}

TEST(Arena, BlocksKeepTheirContents) {
  Arena arena;
  for (unsigned seed = 0; seed < 5; ++seed) {
    live(arena, seed, 2000);
    EXPECT_EQ(arena.counts().used, 0u);
    if (seed == 2) {
      EXPECT_GT(arena.trim(), 0u);
    }
  }
}

TEST(Arena, TheSameAgainNeedsNothingOfTheSystem) {
  Arena arena;
  live(arena, 7, 3000);
  const ArenaCounts first = arena.counts();
  EXPECT_GT(first.fresh, 0u);
  live(arena, 7, 3000);
  EXPECT_EQ(arena.counts().fresh, first.fresh);
  EXPECT_EQ(arena.counts().peak, first.peak);
  EXPECT_EQ(arena.counts().idle, first.idle);
}

TEST(Arena, NeighboursThatAreFreeBecomeOneBlock) {
  Arena arena;
  std::vector<void*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(arena.take(kMiB));
  std::memset(blocks.front(), 1, kMiB);
  const uint64_t fresh = arena.counts().fresh;
  for (const int i : {3, 5, 4, 0, 7, 1, 6, 2}) arena.give(blocks[static_cast<size_t>(i)]);
  void* all = arena.take(8 * kMiB);
  EXPECT_EQ(all, blocks.front());
  EXPECT_EQ(arena.counts().fresh, fresh) << "its parts were there";
  arena.give(all);
}

TEST(Arena, TrimGivesPagesBackAndKeepsWhatIsTaken) {
  Arena arena;
  auto *low = static_cast<unsigned char*>(arena.take(4 * kMiB)),
       *middle = static_cast<unsigned char*>(arena.take(4 * kMiB)),
       *high = static_cast<unsigned char*>(arena.take(4 * kMiB));
  for (unsigned char* block : {low, middle, high}) std::memset(block, 9, 4 * kMiB);
  const auto resident = [&](unsigned char* block) {
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    unsigned char state = 0;
    const uintptr_t inside = (reinterpret_cast<uintptr_t>(block) + 2 * kMiB) / page * page;
#ifdef __linux__
    EXPECT_EQ(mincore(reinterpret_cast<void*>(inside), page, &state), 0);
#endif
    return (state & 1) != 0;
  };
  arena.give(low);
  arena.give(high);
  EXPECT_GE(arena.counts().idle, 8 * kMiB);
#ifdef __linux__
  EXPECT_TRUE(resident(low));
#endif
  EXPECT_GE(arena.trim(), 8 * kMiB);
  EXPECT_EQ(arena.counts().idle, 0u);
#ifdef __linux__
  EXPECT_FALSE(resident(low));
  EXPECT_TRUE(resident(middle));
#endif
  EXPECT_TRUE(intact({middle, 4 * kMiB, 9}));
  const uint64_t fresh = arena.counts().fresh;
  void* again = arena.take(4 * kMiB);
  EXPECT_EQ(arena.counts().fresh, fresh + 1) << "what was given back counts as new";
  std::memset(again, 3, 4 * kMiB);
  arena.give(again);
  arena.give(middle);
}

TEST(Arena, ImpossibleSizesGiveNothing) {
  Arena arena;
  EXPECT_EQ(arena.take(SIZE_MAX), nullptr);
  EXPECT_EQ(arena.take(SIZE_MAX / 2), nullptr);
  void* small = arena.take(0);
  EXPECT_NE(small, nullptr);
  arena.give(small);
}

TEST(Arena, OwnsOnlyItsOwn) {
  Arena arena, other;
  void* block = other.take(100);
  int local = 0;
  EXPECT_FALSE(arena.owns(block));
  EXPECT_FALSE(arena.owns(&local));
  EXPECT_FALSE(arena.owns(nullptr));
  EXPECT_TRUE(other.owns(block));
  other.give(block);
}

TEST(Arena, ServesThreadsAtOnce) {
  Arena arena;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back([&, i] { live(arena, i, 1500); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(arena.counts().used, 0u);
}

}  // namespace
}  // namespace da3::cpu
