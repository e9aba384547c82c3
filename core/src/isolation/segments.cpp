// SPDX-License-Identifier: Apache-2.0
#include "isolation/segments.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <da3/error.hpp>

namespace da3::detail::isolation {
namespace {

constexpr size_t most_free = 32;

/// Whole pages, and a little more, so that the next scene of nearly the same size fits.
uint64_t rounded(uint64_t bytes) {
  constexpr uint64_t step = 256 << 10;
  return (bytes + bytes / 8 + step) / step * step;
}

/// A segment much larger than needed stays free for those who need it.
bool suits(uint64_t size, uint64_t wanted) { return size >= wanted && size / 4 <= wanted + (1 << 20); }

}  // namespace

Segment::Segment(uint64_t id, Fd memory, uint64_t size) : id_(id), size_(size), memory_(std::move(memory)) {
  if (size_ == 0 || shared_memory_size(memory_.get()) < size_)
    throw Error(DA3_E_INTERNAL, "isolation: shared memory is smaller than was said; please report it");
  data_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (data_ == MAP_FAILED) {
    const int error = errno;
    throw Error(DA3_E_NOMEM_HOST,
                "isolation: " + std::to_string(size_) + " bytes of shared memory cannot be mapped: " +
                    std::strerror(error) + "; use fewer views or a smaller process_res",
                0, -1, error);
  }
}

Segment::~Segment() { ::munmap(data_, size_); }

void* Segment::at(uint64_t offset, uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset)
    throw Error(DA3_E_INTERNAL, "isolation: a tensor lies outside of its shared memory; please report it");
  return static_cast<char*>(data_) + offset;
}

std::shared_ptr<Segment> SegmentPool::take(uint64_t bytes) {
  std::unique_ptr<Segment> segment;
  {
    const std::lock_guard lock(mutex_);
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it)
      if (suits((*it)->size(), bytes) && (best == free_.end() || (*it)->size() < (*best)->size())) best = it;
    if (best != free_.end()) {
      segment = std::move(*best);
      free_.erase(best);
    } else {
      drop_free(bytes);  // what was enough for smaller runs
      const uint64_t size = rounded(bytes);
      segment = std::make_unique<Segment>(next_id_, create_shared_memory(size), size);
      ++next_id_;
    }
  }
  const auto give_back = [pool = weak_from_this()](Segment* mine) {
    std::unique_ptr<Segment> owned(mine);
    if (const auto alive = pool.lock()) alive->give_back(std::move(owned));
  };
  return {segment.release(), give_back};
}

void SegmentPool::give_back(std::unique_ptr<Segment> segment) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(segment));
    if (free_.size() <= most_free) return;
    dropped_.push_back(free_.front()->id());
    free_.erase(free_.begin());
  } catch (...) {  // no memory for the list: the segment goes; the worker keeps a mapping of it
  }
}

uint64_t SegmentPool::drop_free(uint64_t smaller_than) {
  uint64_t bytes = 0;
  std::erase_if(free_, [&](const std::unique_ptr<Segment>& segment) {
    if (segment->size() >= smaller_than) return false;
    bytes += segment->size();
    dropped_.push_back(segment->id());
    return true;
  });
  return bytes;
}

uint64_t SegmentPool::trim() {
  const std::lock_guard lock(mutex_);
  return drop_free(UINT64_MAX);
}

std::vector<uint64_t> SegmentPool::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, {});
}

}  // namespace da3::detail::isolation
