// SPDX-License-Identifier: Apache-2.0
// The checked watch: cancel, progress and timing, whatever the host left out. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/sdk/host.hpp>
#include <da3/sdk/trace.hpp>

#include <string>

namespace da3::sdk {

/// Borrowed for one call; copies are cheap. [any]
class Watch {
 public:
  /// host: NULL for none, then nothing is timed. run: da3_run.id, 0 for a load.
  explicit Watch(const da3_watch* watch, const Host* host = nullptr, uint64_t run = 0) noexcept
      : watch_(watch), host_(host), run_(run) {}

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
  /// Tells the host where the time of this call goes, if it wants to know. track: 0 for work on the thread
  /// that made the call, else the number of a thread or stream of the plugin's.
  Trace trace(uint32_t track = 0) const noexcept {
    return Trace(host_ ? host_->table() : nullptr, watch_, run_, track);
  }

 private:
  const da3_watch* watch_;
  const Host* host_;
  uint64_t run_;
};

}  // namespace da3::sdk
