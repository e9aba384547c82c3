// SPDX-License-Identifier: Apache-2.0
#include "cpu/memory/arena.hpp"

#include <algorithm>
#include <new>

#include "cpu/memory/pages.hpp"

namespace da3::cpu {

namespace {

constexpr size_t kAlignment = 64;
/// What is left of a block stays free by itself from this size on.
constexpr size_t kLeastRest = 4096;
/// Grown by whole huge pages, so that the system can give such.
constexpr size_t kGrowth = size_t{2} << 20;
/// Address space of a region: it costs nothing, and blocks of one region can become one.
constexpr size_t kRegion = size_t{64} << 30;

size_t round_up(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

/// Heads its bytes. Blocks of a region lie one after the other.
struct alignas(kAlignment) Arena::Block {
  size_t bytes = 0;         ///< with this head
  Block* before = nullptr;  ///< the one that ends where this begins
  Block *next_free = nullptr, *previous_free = nullptr;
  uint32_t region = 0;
  bool free = false;
  size_t kept = 0;  ///< free: bytes of it that the system has given, as far as known the lowest
};

Arena::~Arena() {
  for (Region& region : regions_)
    if (std::byte* begin = region.begin) pages::give_up(begin, static_cast<size_t>(region.end - begin));
}

std::byte* Arena::end_of(const Block& block) const {
  return reinterpret_cast<std::byte*>(const_cast<Block*>(&block)) + block.bytes;
}

Arena::Region& Arena::region_of(const Block& block) { return regions_[block.region]; }

bool Arena::owns(const void* block) const {
  const auto* address = static_cast<const std::byte*>(block);
  for (size_t i = 0; i < region_count_.load(std::memory_order_acquire); ++i) {
    const std::byte* begin = regions_[i].begin.load(std::memory_order_relaxed);
    if (address >= begin && address < regions_[i].end) return true;
  }
  return false;
}

void* Arena::take(size_t bytes) {
  const size_t needed = sizeof(Block) + round_up(std::max<size_t>(bytes, 1), kAlignment);
  if (needed < bytes) return nullptr;  // more than an address space
  const std::lock_guard lock(mutex_);
  Block* block = find_free(needed);
  if (!block) block = grow(needed);
  if (!block) return nullptr;
  unlink(*block);
  split(*block, needed);
  if (block->kept < block->bytes) ++counts_.fresh;
  counts_.idle -= block->kept;
  block->free = false;
  counts_.used += block->bytes;
  counts_.peak = std::max(counts_.peak, counts_.used);
  return block + 1;
}

void Arena::give(void* pointer) {
  const std::lock_guard lock(mutex_);
  Block* block = static_cast<Block*>(pointer) - 1;
  counts_.used -= block->bytes;
  counts_.idle += block->bytes;
  block->kept = block->bytes;
  block->free = true;
  link(*merge(block));
}

/// The smallest that is large enough, of these the lowest, so that equal runs find equal places.
Arena::Block* Arena::find_free(size_t bytes) const {
  Block* best = nullptr;
  for (Block* block = free_; block; block = block->next_free)
    if (block->bytes >= bytes &&
        (!best || block->bytes < best->bytes || (block->bytes == best->bytes && block < best)))
      best = block;
  return best;
}

/// A free block of that size at the end of a region.
Arena::Block* Arena::grow(size_t bytes) {
  const size_t count = region_count_;
  for (size_t i = 0; i < count; ++i)
    if (extend(regions_[i], bytes)) return regions_[i].last;
  Region* region = count < kMostRegions ? add_region(bytes) : nullptr;
  return region && extend(*region, bytes) ? region->last : nullptr;
}

Arena::Region* Arena::add_region(size_t bytes) {
  const size_t least = round_up(bytes, kGrowth);
  for (size_t size = pages::address_space_is_limited() ? least : std::max(least, kRegion);; size /= 2) {
    size = std::max(size, least);
    if (std::byte* begin = pages::reserve(size, kGrowth)) {
      Region& region = regions_[region_count_];
      region.end = begin + size, region.top = begin;
      region.begin = begin;
      region_count_.store(region_count_ + 1, std::memory_order_release);
      return &region;
    }
    if (size == least) return nullptr;
  }
}

/// Makes the last block of a region a free one of at least that size.
bool Arena::extend(Region& region, size_t bytes) {
  Block* last = region.last && region.last->free ? region.last : nullptr;
  const size_t more = round_up(bytes - (last ? last->bytes : 0), kGrowth);
  if (more > static_cast<size_t>(region.end - region.top) || !pages::commit(region.top, more)) return false;
  Block* block = new (region.top) Block;
  block->bytes = more;
  block->before = region.last;
  block->region = static_cast<uint32_t>(&region - regions_.data());
  block->free = true;
  region.top += more;
  region.last = block;
  link(*merge(block));
  return true;
}

void Arena::split(Block& block, size_t bytes) {
  if (block.bytes < bytes + kLeastRest) return;
  Region& region = region_of(block);
  std::byte* end = end_of(block);
  Block* rest = new (reinterpret_cast<std::byte*>(&block) + bytes) Block;
  rest->bytes = block.bytes - bytes;
  rest->before = &block;
  rest->region = block.region;
  rest->free = true;
  block.bytes = bytes;
  rest->kept = block.kept - std::min(block.kept, bytes);
  block.kept -= rest->kept;
  if (region.last == &block)
    region.last = rest;
  else
    reinterpret_cast<Block*>(end)->before = rest;
  link(*rest);
}

/// Joins a free block, which is in no list, with free neighbours, which leave it.
Arena::Block* Arena::merge(Block* block) {
  Region& region = region_of(*block);
  const auto join = [&](Block* first, Block* second) {
    first->bytes += second->bytes;
    first->kept += second->kept;
    if (region.last == second)
      region.last = first;
    else
      reinterpret_cast<Block*>(end_of(*first))->before = first;
    return first;
  };
  if (Block* before = block->before; before && before->free) {
    unlink(*before);
    block = join(before, block);
  }
  if (region.last != block)
    if (auto* next = reinterpret_cast<Block*>(end_of(*block)); next->free) {
      unlink(*next);
      join(block, next);
    }
  return block;
}

uint64_t Arena::trim() {
  const std::lock_guard lock(mutex_);
  const uint64_t before = counts_.idle;
  for (Block *block = free_, *next = nullptr; block; block = next) {
    next = block->next_free;
    if (block->kept == 0) continue;
    pages::give_back(reinterpret_cast<std::byte*>(block + 1), end_of(*block));
    counts_.idle -= block->kept;
    block->kept = 0;
  }
  for (size_t i = 0; i < region_count_; ++i) shrink(regions_[i]);
  return before - counts_.idle;
}

/// The free end of a region becomes mere address space again.
void Arena::shrink(Region& region) {
  Block* last = region.last;
  if (!last || !last->free) return;
  std::byte* const begin = region.begin;
  const size_t taken = static_cast<size_t>(reinterpret_cast<std::byte*>(last) - begin);
  std::byte* top = begin + round_up(taken, kGrowth);
  if (top == region.top) return;
  if (top == reinterpret_cast<std::byte*>(last)) {
    unlink(*last);
    region.last = last->before;
  } else {
    last->bytes = static_cast<size_t>(top - reinterpret_cast<std::byte*>(last));
  }
  pages::uncommit(top, static_cast<size_t>(region.top - top));
  region.top = top;
}

ArenaCounts Arena::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Arena::link(Block& block) {
  block.previous_free = nullptr;
  block.next_free = free_;
  if (free_) free_->previous_free = &block;
  free_ = &block;
}

void Arena::unlink(Block& block) {
  if (block.previous_free)
    block.previous_free->next_free = block.next_free;
  else
    free_ = block.next_free;
  if (block.next_free) block.next_free->previous_free = block.previous_free;
}

}  // namespace da3::cpu
