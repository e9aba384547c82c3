// SPDX-License-Identifier: Apache-2.0
// What workers run next: scenes planned and read in the order of the input, ahead of who asks for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "scenes/load_scene.hpp"
#include "scenes/pipeline_limits.hpp"

namespace da3::host {

/// A scene that an earlier run did: its report. Else nothing.
using DoneBefore = std::function<std::optional<SceneReport>(const Scene&)>;

/// The next scenes to run together, or one that is not to be run: was done before, or cannot be planned.
struct FedScenes {
  size_t item = 0;  ///< of the one that is not to be run
  std::optional<SceneReport> done_before;
  std::exception_ptr failure;       ///< a PhaseError (input, or run: it does not fit into memory)
  std::vector<LoadedScene> scenes;  ///< planned in one size, at most limits.batch and as many as fit into
                                    ///< memory
};

class SceneFeed {
 public:
  /// Begins to read where limits allow it. All but limits must outlive it. done_before is called by one
  /// thread at a time, but by any.
  SceneFeed(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
            const PipelineLimits& limits, const DoneBefore& done_before);
  ~SceneFeed();
  SceneFeed(const SceneFeed&) = delete;
  SceneFeed& operator=(const SceneFeed&) = delete;

  /// Waits for what comes next, and helps to read it. Nothing: that was all, somebody stopped it, or a signal
  /// came. Throws what no scene can be blamed for. [any thread]
  std::optional<FedScenes> next();

  /// Whoever waits gets nothing; what is being read is read to its end. [any thread]
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Entry {
    FedScenes fed;
    size_t begun = 0, read = 0;  ///< of fed.scenes
    bool told = false;
    uint64_t bytes = 0;
    bool is_batch() const { return !fed.scenes.empty(); }
    bool is_ready() const { return read == fed.scenes.size(); }
  };

  void read_in_background();
  bool stopped() const;
  bool all_planned() const { return !planning_ && !held_ && next_ >= scenes_.size(); }
  bool do_some(Lock& lock, bool for_front);
  Entry* to_read(bool only_front);
  bool may_plan() const;
  void read(Lock& lock, Entry& entry);
  void plan(Lock& lock);
  Entry plan_next();
  void tell(Entry& entry) const;

  const std::vector<SceneContext>& workers_;
  const std::vector<Scene>& scenes_;
  const PipelineLimits limits_;
  const DoneBefore& done_before_;
  // Of whoever has set planning_.
  size_t next_ = 0;
  std::optional<ScenePlan> held_;  ///< of another size than the batch before it: begins the next one

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  bool planning_ = false, stop_ = false;
  size_t waiting_ = 0;   ///< who asked and has nothing yet
  size_t batches_ = 0;   ///< in the queue
  size_t free_threads_;  ///< that may read
  uint64_t bytes_ = 0;   ///< of batches that are read or being read
  std::exception_ptr broken_;
  std::vector<std::thread> threads_;
};

}  // namespace da3::host
