// SPDX-License-Identifier: Apache-2.0
// A watch across processes: the call says what the host's watch wants to hear, and the worker's plugin gets
// a watch that sends its reports as messages.
#pragma once

#include <da3/da3.hpp>

#include <atomic>

#include "engine_state.hpp"
#include "isolation/message.hpp"

namespace da3::detail::isolation {

/// Whether a watch asks to stop.
bool wants_to_stop(const da3_watch* watch);

/// What the worker must know of a watch; goes with the call. Only a watch of this core's is traced.
Json watch_wishes(const da3_watch* watch);

/// Brings a report to the watch whose call it is of; false when the message is none. Throws Json::exception
/// for a report that is nonsense.
bool pass_report(const Json& message, const da3_watch* watch);

/// The worker's side of one call.
class RemoteWatch {
 public:
  /// wishes: of watch_wishes(), or an empty object. The channel must outlive it.
  RemoteWatch(uint64_t call, const Json& wishes, Channel& channel);
  RemoteWatch(const RemoteWatch&) = delete;
  const da3_watch* get() const { return bridge_.get(); }
  void cancel() { cancelled_ = true; }

 private:
  std::atomic<bool> cancelled_;
  Watch callbacks_;
  WatchBridge bridge_;
};

}  // namespace da3::detail::isolation
