// SPDX-License-Identifier: Apache-2.0
// A da3_watch that cancels on request and looks at every report of progress.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "client.hpp"

namespace da3::check {

class Watcher {
 public:
  Watcher() : watch_(zeroed<da3_watch>()) {
    watch_.ctx = this;
    watch_.should_cancel = asked;
    watch_.progress = reported;
  }
  Watcher(const Watcher&) = delete;
  const da3_watch* get() const { return &watch_; }

  std::atomic<bool> cancel_at_once{false};
  std::atomic<bool> cancel{false};

  size_t reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  uint64_t polls() const { return polls_; }
  /// What is wrong with the progress of a call that succeeded, or "".
  std::string problem(const std::string& call) const {
    const std::lock_guard lock(mutex_);
    if (!problem_.empty()) return call + ": " + problem_;
    if (reports_ && done_ != total_)
      return call + ": progress ends at " + std::to_string(done_) + " of " + std::to_string(total_);
    return "";
  }

 private:
  static int32_t asked(void* ctx) {
    auto& self = *static_cast<Watcher*>(ctx);
    ++self.polls_;
    return self.cancel_at_once || self.cancel ? 1 : 0;
  }
  static void reported(void* ctx, uint64_t done, uint64_t total, const char* stage) {
    auto& self = *static_cast<Watcher*>(ctx);
    const std::lock_guard lock(self.mutex_);
    const std::string now = stage ? stage : "";
    if (!stage) self.problem_ = "progress without a stage";
    if (done > total) self.problem_ = "progress " + std::to_string(done) + " of " + std::to_string(total);
    if (self.reports_ && now == self.stage_ && done < self.done_)
      self.problem_ = "progress falls from " + std::to_string(self.done_) + " to " + std::to_string(done) +
                      " in stage \"" + now + "\"";
    ++self.reports_;
    self.done_ = done, self.total_ = total, self.stage_ = now;
  }

  mutable std::mutex mutex_;
  da3_watch watch_;
  std::atomic<uint64_t> polls_{0};
  size_t reports_ = 0;
  uint64_t done_ = 0, total_ = 0;
  std::string stage_, problem_;
};

}  // namespace da3::check
