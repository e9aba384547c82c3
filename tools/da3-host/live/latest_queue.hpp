// SPDX-License-Identifier: Apache-2.0
// Between a source that does not wait and work that may be slower: the newest few are kept.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace da3::host {

/// [any thread]
template <class T>
class LatestQueue {
 public:
  /// room: how many are kept, at least one. drop_oldest: a push into a full queue throws the oldest one away;
  /// else it waits.
  LatestQueue(size_t room, bool drop_oldest) : room_(room), drop_oldest_(drop_oldest) {}

  /// False: the queue was closed, and the item is lost.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    if (!drop_oldest_) changed_.wait(lock, [&] { return closed_ || items_.size() < room_; });
    if (closed_) return false;
    if (items_.size() == room_) items_.pop_front(), ++dropped_;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// The oldest that is left; waits for one. Nothing: closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  /// No more will come. What is there can still be taken, unless it is thrown away.
  void close(bool throw_away = false) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (throw_away) items_.clear();
    changed_.notify_all();
  }

  uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  const size_t room_;
  const bool drop_oldest_;
  mutable std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace da3::host
