// SPDX-License-Identifier: Apache-2.0
// The checked watch: cancel and progress, whatever the host left out. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>

#include <string>

namespace da3::sdk {

/// Borrowed for one call; copies are cheap. [any]
class Watch {
 public:
  explicit Watch(const da3_watch* watch) noexcept : watch_(watch) {}

  bool cancelled() const noexcept {
    return DA3_HAS(watch_, da3_watch, should_cancel) && watch_->should_cancel &&
           watch_->should_cancel(watch_->ctx) != 0;
  }
  /// Call it between steps of at most 100 ms: a user who pressed Ctrl-C waits for it.
  void throw_if_cancelled(const std::string& what) const {
    if (cancelled()) throw Error(DA3_E_CANCELLED, what + " was cancelled");
  }
  /// done only grows within a stage and ends at total.
  void progress(uint64_t done, uint64_t total, const char* stage) const noexcept {
    if (DA3_HAS(watch_, da3_watch, progress) && watch_->progress)
      watch_->progress(watch_->ctx, done, total, stage);
  }

 private:
  const da3_watch* watch_;
};

}  // namespace da3::sdk
