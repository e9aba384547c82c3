// SPDX-License-Identifier: Apache-2.0
// Memory that is kept and used again. A run frees and takes blocks of the same sizes in the same order as the
// one before, so that from the second on it finds all of them here: no call of the system, no page to be
// cleared. Unlike lists by size, neighbours that are free become one block, so that what a layer leaves
// serves the next one whatever its sizes are.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace da3::cpu {

struct ArenaCounts {
  uint64_t used = 0;   ///< bytes of blocks that are taken
  uint64_t idle = 0;   ///< bytes that the system gave and that no block uses
  uint64_t peak = 0;   ///< the largest `used` so far
  uint64_t fresh = 0;  ///< blocks that needed pages of the system, since the start
};

/// A plain heap in address space of its own: best fit, neighbours joined. [any thread]
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A block aligned to 64 bytes, its contents not defined; NULL when the system has no memory.
  void* take(size_t bytes);
  /// Whether take gave this pointer.
  bool owns(const void* block) const;
  /// Takes back a block that it owns.
  void give(void* block);
  /// Gives the pages of free blocks back to the system; their bytes.
  uint64_t trim();

  ArenaCounts counts() const;

 private:
  struct Block;
  struct Region {
    std::atomic<std::byte*> begin{nullptr};
    std::byte *end = nullptr, *top = nullptr;  ///< of the address space; of what can be used
    Block* last = nullptr;                     ///< below top
  };
  static constexpr size_t kMostRegions = 64;

  Block* find_free(size_t bytes) const;
  Block* grow(size_t bytes);
  Region* add_region(size_t bytes);
  bool extend(Region& region, size_t bytes);
  void split(Block& block, size_t bytes);
  Block* merge(Block* block);
  void link(Block& block);
  void unlink(Block& block);
  std::byte* end_of(const Block& block) const;
  Region& region_of(const Block& block);
  void shrink(Region& region);

  mutable std::mutex mutex_;
  std::array<Region, kMostRegions> regions_;
  std::atomic<size_t> region_count_{0};
  Block* free_ = nullptr;
  ArenaCounts counts_;
};

}  // namespace da3::cpu
