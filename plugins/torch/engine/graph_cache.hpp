// SPDX-License-Identifier: Apache-2.0
// Recorded runs: a device that can record its launches (a CUDA graph) gets one recording for each model,
// shape and request that comes again, few of them, and runs eagerly where recording does not work.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "net/network.hpp"

namespace da3::engine {

/// Launches that were recorded. Destroying one gives its memory back and never throws.
class RecordedGraph {
 public:
  virtual ~RecordedGraph() = default;
  /// Launches them again, on the same memory.
  virtual void replay() = 0;
  /// Memory that only this recording holds.
  virtual uint64_t bytes() const = 0;
};

/// What a device brings for it.
class GraphRecorder {
 public:
  virtual ~GraphRecorder() = default;
  /// Calls launch() once and records what it launches, on the thread and stream that runs use. Throws what
  /// launch throws and whatever recording does not like, and leaves no recording under way.
  virtual std::unique_ptr<RecordedGraph> record(const std::function<void()>& launch) = 0;
};

class GraphCache {
 public:
  struct Limits {
    size_t graphs = 0;   ///< recordings at most
    uint64_t bytes = 0;  ///< of all of them; 0: no limit
  };
  GraphCache(GraphRecorder& recorder, const Limits& limits) : recorder_(recorder), limits_(limits) {}

  using Compute = std::function<net::Computed(const net::NetInputs&)>;
  /// compute(inputs), or the same from a recording: its tensors are good until the next run. The first run
  /// of a key is eager, the second records. key: everything but the inputs' values that launches depend on.
  /// [the optimizer's thread]
  net::Computed run(const void* model, const std::string& key, const net::NetInputs& inputs,
                    const Compute& compute);

  /// Destroys all recordings, or a model's; the bytes they held. Waits for a run. [any thread]
  uint64_t clear();
  uint64_t forget(const void* model);

  uint64_t bytes() const { return bytes_; }  ///< [any thread]
  /// "2 recorded" and, where something was not, "1 eager: <the last reason>". [any thread]
  std::string describe() const;

 private:
  struct Entry {
    const void* model;
    std::string key;
    std::string eager_reason;  ///< not empty: this key is never recorded
    net::NetInputs inputs;     ///< the recording reads these
    net::Computed computed;    ///< and writes these
    std::unique_ptr<RecordedGraph> graph;
  };
  using Entries = std::list<Entry>;

  Entry* find(const void* model, const std::string& key);
  void record(Entry& entry, const net::NetInputs& inputs, const Compute& compute);
  void give_up(Entry& entry, const std::string& reason);
  bool make_room(const Entry& keep);
  void drop(Entry& entry);
  void report();
  template <class Which>
  uint64_t remove(const Which& which);

  GraphRecorder& recorder_;
  Limits limits_;
  std::mutex mutex_;
  Entries entries_;  ///< most recent first, with or without a recording
  std::atomic<uint64_t> bytes_{0};
  mutable std::mutex report_mutex_;
  std::string report_ = "0 recorded";
};

}  // namespace da3::engine
