// SPDX-License-Identifier: Apache-2.0
// Where the time of a run goes, as backends report it (da3/trace.hpp) and as this program sees it: a trace
// for Chrome's viewer and a table.
#pragma once

#include <da3/trace.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stage_times.hpp"

namespace da3::host {

/// [any thread]
class RunProfile {
 public:
  /// Takes a load's or a run's spans, and gives the stages to `times` as StageTimes::sink does. Both must
  /// outlive it.
  TraceSink sink(StageTimes& times);
  void add(const TraceSpan& span);

  /// What this program does itself, "read", "write": from its making to its end.
  class Own {
   public:
    Own(RunProfile* profile, std::string name);
    ~Own();
    Own(const Own&) = delete;

   private:
    RunProfile* profile_;  ///< nullptr: nobody wants to know
    std::string name_;
    uint64_t begin_ns_;
  };

  /// JSON for chrome://tracing and ui.perfetto.dev: complete events in microseconds since the first one.
  std::string chrome_trace() const;

  /// Markdown: each stage with its number, time and share of all stages; below it the kinds of its layers,
  /// then those of its operations, slowest first, with their share of the stage, and rates where the backend
  /// tells bytes and operations.
  std::string table() const;

 private:
  struct Event {
    TraceSpan span;
    bool own = false;
  };
  uint32_t own_track();

  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::map<std::thread::id, uint32_t> own_tracks_;  ///< of this program's threads
};

}  // namespace da3::host
