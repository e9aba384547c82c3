// SPDX-License-Identifier: Apache-2.0
// Tables that depend on the image size alone, for the few sizes that were used last.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace da3::net {

template <class Tables>
class GeometryCache {
 public:
  /// The tables of this size; make() makes them when they are not kept. [any thread]
  std::shared_ptr<const Tables> get(int64_t height, int64_t width, const std::function<Tables()>& make) {
    const std::lock_guard lock(mutex_);
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->height != height || it->width != width) continue;
      entries_.splice(entries_.begin(), entries_, it);
      return entries_.front().tables;
    }
    entries_.push_front({height, width, std::make_shared<const Tables>(make())});
    if (entries_.size() > kMost) entries_.pop_back();
    return entries_.front().tables;
  }

  /// Drops all; returns the sum of bytes_of(tables).
  uint64_t clear(const std::function<uint64_t(const Tables&)>& bytes_of) {
    const std::lock_guard lock(mutex_);
    uint64_t bytes = 0;
    for (const Entry& entry : entries_) bytes += bytes_of(*entry.tables);
    entries_.clear();
    return bytes;
  }

 private:
  static constexpr size_t kMost = 8;
  struct Entry {
    int64_t height, width;
    std::shared_ptr<const Tables> tables;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< most recent first
};

}  // namespace da3::net
