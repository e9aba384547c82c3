// SPDX-License-Identifier: Apache-2.0
#include "profile/run_profile.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

namespace da3::host {
namespace {

using Json = nlohmann::ordered_json;

// In the trace this program and the backend are two processes, so that their tracks do not meet.
constexpr int own_process = 1, backend_process = 2;

uint64_t now_ns() {
  return static_cast<uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

Json name_event(const char* what, int process, uint32_t track, const std::string& name) {
  return {{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", track}, {"args", {{"name", name}}}};
}

Json arguments_of(const TraceSpan& span) {
  Json json{{"kind", span.kind}, {"run", span.run}};
  if (span.bytes) json["bytes"] = *span.bytes;
  if (span.flops) json["flops"] = *span.flops;
  return json;
}

const char* category_name(TraceSpan::Category category) {
  switch (category) {
    case TraceSpan::Category::stage:
      return "stage";
    case TraceSpan::Category::layer:
      return "layer";
    default:
      return "operation";
  }
}

}  // namespace

TraceSink RunProfile::sink(StageTimes& times) {
  return [this, stages = times.sink()](const TraceSpan& span) {
    stages(span);
    add(span);
  };
}

void RunProfile::add(const TraceSpan& span) {
  const std::lock_guard lock(mutex_);
  events_.push_back({span, false});
}

RunProfile::Own::Own(RunProfile* profile, std::string name)
    : profile_(profile), name_(std::move(name)), begin_ns_(profile ? now_ns() : 0) {}

RunProfile::Own::~Own() {
  if (!profile_) return;
  TraceSpan span;
  span.name = span.kind = name_;
  span.begin_ns = begin_ns_, span.duration_ns = now_ns() - begin_ns_;
  try {
    const std::lock_guard lock(profile_->mutex_);
    span.track = profile_->own_track();
    profile_->events_.push_back({std::move(span), true});
  } catch (const std::bad_alloc&) {  // one span less
  }
}

/// Threads in the order in which they came, because what they do overlaps.
uint32_t RunProfile::own_track() {
  return own_tracks_.emplace(std::this_thread::get_id(), static_cast<uint32_t>(own_tracks_.size()))
      .first->second;
}

std::string RunProfile::chrome_trace() const {
  const std::lock_guard lock(mutex_);
  uint64_t first = UINT64_MAX;
  for (const Event& event : events_) first = std::min(first, event.span.begin_ns);
  Json list = Json::array();
  list.push_back(name_event("process_name", own_process, 0, "da3-host"));
  list.push_back(name_event("process_name", backend_process, 0, "backend"));
  for (uint32_t track = 0; track < own_tracks_.size(); ++track)
    list.push_back(name_event("thread_name", own_process, track,
                              track == 0 ? "main" : "thread " + std::to_string(track)));
  std::set<uint32_t> tracks;
  for (const Event& event : events_) {
    if (!event.own && tracks.insert(event.span.track).second)
      list.push_back(name_event("thread_name", backend_process, event.span.track,
                                "track " + std::to_string(event.span.track)));
    list.push_back({{"name", event.span.name},
                    {"cat", event.own ? "da3-host" : category_name(event.span.category)},
                    {"ph", "X"},
                    {"ts", static_cast<double>(event.span.begin_ns - first) / 1e3},
                    {"dur", static_cast<double>(event.span.duration_ns) / 1e3},
                    {"pid", event.own ? own_process : backend_process},
                    {"tid", event.span.track},
                    {"args", arguments_of(event.span)}});
  }
  const Json json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(list)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace da3::host
