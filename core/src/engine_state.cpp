// SPDX-License-Identifier: Apache-2.0
#include "engine_state.hpp"

#include <da3/trace.h>

namespace da3::detail {

int32_t WatchBridge::should_cancel(void* ctx) {
  auto& self = *static_cast<WatchBridge*>(ctx);
  if (self.failed_) return 1;
  if (!self.callbacks_.should_cancel) return 0;
  try {
    return self.callbacks_.should_cancel() ? 1 : 0;
  } catch (...) {
    self.keep_exception();
    return 1;
  }
}

WatchBridge::WatchBridge(const Watch& watch) : callbacks_(watch), watch_(zeroed<da3_watch>()) {
  watch_.ctx = this;
  // Always there, so that an exception in progress() can cancel the call, and a watch of ours is known again.
  watch_.should_cancel = should_cancel;
  if (!watch.progress) return;
  watch_.progress = [](void* ctx, uint64_t done, uint64_t total, const char* stage) {
    auto& self = *static_cast<WatchBridge*>(ctx);
    if (self.failed_) return;
    try {
      self.callbacks_.progress(done, total, stage ? stage : "");
    } catch (...) {
      self.keep_exception();
    }
  };
}

WatchBridge* WatchBridge::of(const da3_watch* watch) {
  const bool ours = DA3_HAS(watch, da3_watch, should_cancel) && watch->should_cancel == should_cancel;
  return ours ? static_cast<WatchBridge*>(watch->ctx) : nullptr;
}

uint32_t WatchBridge::trace_wanted() const {
  if (!callbacks_.trace) return 0;
  switch (callbacks_.trace_detail) {
    case TraceDetail::operations:
      return DA3_TRACE_STAGE | DA3_TRACE_LAYER | DA3_TRACE_OPERATION;
    case TraceDetail::layers:
      return DA3_TRACE_STAGE | DA3_TRACE_LAYER;
    default:
      return DA3_TRACE_STAGE;
  }
}

void WatchBridge::trace(const TraceSpan& span) noexcept {
  const std::lock_guard lock(trace_mutex_);
  if (failed_) return;
  try {
    callbacks_.trace(span);
  } catch (...) {
    keep_exception();
  }
}

void WatchBridge::keep_exception() noexcept {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::current_exception();
  failed_ = true;
}

void WatchBridge::rethrow() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

std::string find_value(const std::vector<Setting>& settings, std::string_view key) {
  for (const Setting& setting : settings)
    if (setting.key == key) return setting.value;
  return {};
}

Memory to_memory(const da3_memory& memory) {
  return {memory.weights,     memory.activations, memory.pool_idle, memory.peak,
          memory.host_pinned, memory.cache_disk,  memory.limit};
}

}  // namespace da3::detail
