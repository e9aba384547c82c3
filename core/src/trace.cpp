// SPDX-License-Identifier: Apache-2.0
#include "trace.hpp"

#include <chrono>

#include "engine_state.hpp"

namespace da3::detail {
namespace {

uint64_t now(void*) {
  return static_cast<uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

uint32_t wanted(void*, const da3_watch* watch, uint64_t) {
  const WatchBridge* bridge = WatchBridge::of(watch);
  return bridge ? bridge->trace_wanted() : 0;
}

std::optional<uint64_t> known(uint64_t value) {
  return value == UINT64_MAX ? std::nullopt : std::optional(value);
}

std::optional<TraceSpan::Category> category_of(uint32_t bit) {
  switch (bit) {
    case DA3_TRACE_STAGE:
      return TraceSpan::Category::stage;
    case DA3_TRACE_LAYER:
      return TraceSpan::Category::layer;
    case DA3_TRACE_OPERATION:
      return TraceSpan::Category::operation;
    default:
      return std::nullopt;
  }
}

/// Plugins report more than was asked for, spans of later versions and spans that lack what they must have:
/// none of that is passed on.
void take(void*, const da3_watch* watch, const da3_span* span) {
  WatchBridge* bridge = WatchBridge::of(watch);
  if (!bridge || !DA3_HAS(span, da3_span, kind) || !span->name) return;
  const auto category = category_of(span->category);
  if (!category || !(bridge->trace_wanted() & span->category)) return;
  try {
    bridge->trace({*category, span->run, span->name, span->kind ? span->kind : span->name, span->track,
                   span->begin_ns, span->duration_ns, known(span->bytes), known(span->flops)});
  } catch (...) {  // no memory for the texts
  }
}

}  // namespace

const da3_trace& trace_table() {
  static const da3_trace table = [] {
    da3_trace made = zeroed<da3_trace>();
    made.now = now;
    made.wanted = wanted;
    made.span = take;
    return made;
  }();
  return table;
}

}  // namespace da3::detail
