// SPDX-License-Identifier: Apache-2.0
#include "isolation/remote_watch.hpp"

#include <da3/trace.h>

namespace da3::detail::isolation {
namespace {

Json to_json(const std::optional<uint64_t>& value) { return value ? Json(*value) : Json(nullptr); }

std::optional<uint64_t> optional_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<uint64_t>());
}

// Both processes measure on one clock, the machine's: times need no conversion.
Json to_json(const TraceSpan& span) {
  return {static_cast<int>(span.category),
          span.run,
          span.name,
          span.kind,
          span.track,
          span.begin_ns,
          span.duration_ns,
          to_json(span.bytes),
          to_json(span.flops)};
}

TraceSpan span_of(const Json& json) {
  return {static_cast<TraceSpan::Category>(json.at(0).get<int>()),
          json.at(1),
          json.at(2),
          json.at(3),
          json.at(4),
          json.at(5),
          json.at(6),
          optional_of(json.at(7)),
          optional_of(json.at(8))};
}

/// What the plugin's callbacks become. A report for which there is no memory is not seen.
Watch reporting(uint64_t call, const Json& wishes, Channel& channel, const std::atomic<bool>& cancelled) {
  const auto report = [call, &channel](const char* what, auto&& make) noexcept {
    try {
      channel.send({{"id", call}, {what, make()}});
    } catch (...) {
    }
  };
  Watch watch;
  watch.should_cancel = [&cancelled] { return cancelled.load(); };
  if (wishes.value("progress", false))
    watch.progress = [report](uint64_t done, uint64_t total, std::string_view stage) {
      report("progress", [&] { return Json{done, total, stage}; });
    };
  const uint32_t trace = wishes.value("trace", 0u);
  if (trace) watch.trace = [report](const TraceSpan& span) { report("span", [&] { return to_json(span); }); };
  watch.trace_detail = trace & DA3_TRACE_OPERATION ? TraceDetail::operations
                       : trace & DA3_TRACE_LAYER   ? TraceDetail::layers
                                                   : TraceDetail::stages;
  return watch;
}

}  // namespace

bool wants_to_stop(const da3_watch* watch) {
  return DA3_HAS(watch, da3_watch, should_cancel) && watch->should_cancel &&
         watch->should_cancel(watch->ctx) != 0;
}

Json watch_wishes(const da3_watch* watch) {
  const WatchBridge* bridge = WatchBridge::of(watch);
  return {{"cancelled", wants_to_stop(watch)},
          {"progress", DA3_HAS(watch, da3_watch, progress) && watch->progress},
          {"trace", bridge ? bridge->trace_wanted() : 0}};
}

bool pass_report(const Json& message, const da3_watch* watch) {
  if (message.contains("progress")) {
    const Json& step = message.at("progress");
    if (DA3_HAS(watch, da3_watch, progress) && watch->progress)
      watch->progress(watch->ctx, step.at(0), step.at(1), step.at(2).get_ref<const std::string&>().c_str());
    return true;
  }
  if (!message.contains("span")) return false;
  if (WatchBridge* bridge = WatchBridge::of(watch); bridge && bridge->trace_wanted())
    bridge->trace(span_of(message.at("span")));
  return true;
}

RemoteWatch::RemoteWatch(uint64_t call, const Json& wishes, Channel& channel)
    : cancelled_(wishes.value("cancelled", false)),
      callbacks_(reporting(call, wishes, channel, cancelled_)),
      bridge_(callbacks_) {}

}  // namespace da3::detail::isolation
