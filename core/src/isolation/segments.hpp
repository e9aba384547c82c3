// SPDX-License-Identifier: Apache-2.0
// Shared memory for tensors. The host makes all of it, uses it again from run to run, and tells the worker.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "isolation/system.hpp"

namespace da3::detail::isolation {

/// A mapping of shared memory, readable and writable.
class Segment {
 public:
  /// Throws Error(DA3_E_NOMEM_HOST); DA3_E_INTERNAL when the memory is smaller than size.
  Segment(uint64_t id, Fd memory, uint64_t size);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint64_t id() const { return id_; }
  uint64_t size() const { return size_; }
  int fd() const { return memory_.get(); }
  void close_descriptor() { memory_ = Fd(); }  ///< the mapping stays
  bool sent = false;                           ///< the worker has it; [its one user]
  /// The place of `bytes` bytes from offset on. Throws Error(DA3_E_INTERNAL) when they do not fit.
  void* at(uint64_t offset, uint64_t bytes) const;

 private:
  uint64_t id_, size_;
  Fd memory_;
  void* data_ = nullptr;
};

/// Where to put something of this many bytes that begins on a cache line.
constexpr uint64_t aligned(uint64_t offset) { return (offset + 63) & ~uint64_t{63}; }

/// The host's segments. [any]
class SegmentPool : public std::enable_shared_from_this<SegmentPool> {
 public:
  /// A segment of at least this size; it comes back when its last owner drops it, also after the pool is
  /// gone.
  std::shared_ptr<Segment> take(uint64_t bytes);

  /// Unmaps what nobody uses; returns bytes.
  uint64_t trim();

  /// The ids of segments that are gone since the last call: the worker may unmap them.
  std::vector<uint64_t> take_dropped();

 private:
  void give_back(std::unique_ptr<Segment> segment) noexcept;
  uint64_t drop_free(uint64_t smaller_than);  // with the lock held

  std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::vector<std::unique_ptr<Segment>> free_;
  std::vector<uint64_t> dropped_;
};

}  // namespace da3::detail::isolation
