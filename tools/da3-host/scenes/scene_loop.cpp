// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_loop.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "exit_code.hpp"
#include "scenes/background_queue.hpp"
#include "signals.hpp"

namespace da3::host {
namespace {

class Loop {
 public:
  Loop(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
       const PipelineLimits& limits, const DoneBefore& done_before, const SceneDone& written)
      : workers_(workers),
        scenes_(scenes),
        written_(written),
        alive_(workers.size()),
        feed_(workers, scenes, limits, done_before),
        results_(limits.prefetch > 0 && scenes.size() > 1 ? limits.writers * workers.size() : 0,
                 std::max(limits.prefetch * limits.batch, limits.writers) * workers.size(), limits.bytes) {}

  LoopResult run() {
    std::vector<std::thread> threads;
    for (size_t i = 1; i < workers_.size(); ++i) threads.emplace_back([this, i] { work(workers_[i]); });
    work(workers_.front());
    for (std::thread& thread : threads) thread.join();
    feed_.stop();
    results_.finish();
    if (broken_) std::rethrow_exception(broken_);
    return in_order();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void work(const SceneContext& worker) {
    try {
      while (auto next = wait_for_work()) {
        bool lost = false;
        if (next->scenes.empty())
          pass(worker, std::move(*next));
        else
          lost = take_all(worker, run_batch(worker, std::move(next->scenes)));
        const Lock lock(mutex_);
        --busy_;
        changed_.notify_all();
        if (lost) return;
      }
    } catch (...) {
      give_up(std::current_exception());
    }
  }

  void give_up(std::exception_ptr why) {
    {
      const Lock lock(mutex_);
      if (!broken_) broken_ = std::move(why);
    }
    changed_.notify_all();
    feed_.stop();
  }

  bool stopped() const { return broken_ || result_.fatal || signals::caught() != 0; }

  /// Nothing when the work is done. Who finds none left waits for those at work: one may be lost and give its
  /// back. Whoever asks the feed counts as at work.
  std::optional<FedScenes> wait_for_work() {
    Lock lock(mutex_);
    while (!stopped()) {
      if (!again_.empty()) {
        ++busy_;
        FedScenes one;
        one.scenes.push_back(std::move(again_.back()));
        again_.pop_back();
        return one;
      }
      if (!all_fed_) {
        ++busy_;
        lock.unlock();
        auto next = feed_.next();
        if (next) return next;
        lock.lock();
        --busy_;
        all_fed_ = true;
        changed_.notify_all();
        continue;
      }
      if (busy_ == 0) break;
      changed_.wait(lock);
    }
    return std::nullopt;
  }

  /// What is not run is told in its turn, behind what ran before it.
  void pass(const SceneContext& worker, FedScenes&& fed) {
    auto kept = std::make_shared<FedScenes>(std::move(fed));
    queue(0, [this, &worker, kept] {
      if (kept->failure) {
        SceneResult failed{kept->item, std::nullopt, kept->failure, 0};
        return take(worker, failed);
      }
      worker.progress->skip(kept->item, scenes_.size(), scenes_[kept->item - 1].name,
                            "done by an earlier run");
      const Lock lock(mutex_);
      done_.emplace_back(kept->item, std::move(*kept->done_before));
    });
  }

  /// Whether the failure is the device's, which will do nothing more.
  static bool is_loss(const std::exception_ptr& failure) {
    if (!failure) return false;
    try {
      std::rethrow_exception(failure);
    } catch (const PhaseError& error) {
      return error.phase() == Phase::run &&
             (error.code() == DA3_E_DEVICE_LOST || error.code() == DA3_E_UNAVAILABLE);
    } catch (...) {
      return false;
    }
  }

  /// What a scene is refused for when it is written: its names, its views, its sizes or what the network
  /// gave; the file system's errors and those of memory have other codes.
  static bool is_of_one_scene(const Error& error) {
    constexpr std::array<int32_t, 4> codes{DA3_E_INVALID, DA3_E_UNSUPPORTED, DA3_E_SHAPE, DA3_E_NUMERIC};
    return std::find(codes.begin(), codes.end(), error.code()) != codes.end();
  }

  /// True: the worker has lost its device and others are left, who get what it could not do; of a scene that
  /// was given back before the failure stays, for it may be the scene that does it.
  bool take_all(const SceneContext& worker, std::vector<RanScene>&& scenes) {
    const bool any_loss = std::any_of(scenes.begin(), scenes.end(),
                                      [](const RanScene& scene) { return is_loss(scene.failure); });
    bool lost = false;
    {
      const Lock lock(mutex_);
      lost = any_loss && alive_ > 1;
      alive_ -= lost;
      if (lost)
        for (RanScene& scene : scenes)
          if (is_loss(scene.failure) && given_back_.insert(scene.loaded.plan.item).second)
            again_.push_back(std::move(scene.loaded));
    }
    if (lost)
      log(LogLevel::warn, worker.device + " is lost and not used any more: its scenes go to the others");
    for (RanScene& scene : scenes) {
      if (!scene.loaded.plan.scene) continue;  // given back
      auto kept = std::make_shared<const RanScene>(std::move(scene));
      queue(kept->bytes(), [this, &worker, kept] { write(worker, *kept); });
    }
    return lost;
  }

  /// Nothing is done behind the scene that ended the loop.
  void queue(uint64_t bytes, std::function<void()> job) {
    results_.push(bytes, [this, job = std::move(job)] {
      try {
        if (!ended()) job();
      } catch (...) {
        give_up(std::current_exception());
      }
    });
  }

  bool ended() {
    const Lock lock(mutex_);
    return broken_ || result_.fatal;
  }

  void write(const SceneContext& worker, const RanScene& scene) {
    SceneResult result = write_result(worker, scene);
    take(worker, result);
  }

  void take(const SceneContext& worker, SceneResult& result) {
    const Lock lock(mutex_);
    const Scene& scene = scenes_[result.item - 1];
    if (result.report) {
      const int64_t views = result.report->views;
      write_down(*result.report);  // before it is told: what is told as done is left out by --resume
      worker.progress->end(result.item, scene.name, result.milliseconds,
                           std::to_string(views) + (views == 1 ? " view" : " views"), "");
      done_.emplace_back(result.item, std::move(*result.report));
      return;
    }
    if (scenes_.size() == 1) std::rethrow_exception(result.failure);
    try {
      std::rethrow_exception(result.failure);
    } catch (const PhaseError& error) {
      SceneReport failed;
      failed.scene = scene;
      failed.failure = error.message();
      failed.phase = phase_name(error.phase());
      failed.worker = worker.worker;
      worker.progress->end(result.item, scene.name, result.milliseconds, "", error.message());
      done_.emplace_back(result.item, std::move(failed));
      // Where the disk takes no scene it takes the next neither, and a stop is a stop.
      const bool fatal =
          (error.phase() == Phase::output && !is_of_one_scene(error)) || error.code() == DA3_E_CANCELLED;
      if (fatal && !result_.fatal)
        end_by(result.failure, error.exit());
      else if (!result_.fatal && result.item < first_failed_) {
        result_.first_failure = error.exit();
        first_failed_ = result.item;
      }
    }
  }

  void end_by(const std::exception_ptr& failure, int exit) {
    result_.fatal = failure;
    result_.first_failure = exit;
    feed_.stop();
  }

  void write_down(const SceneReport& scene) {
    try {
      written_(scene);
    } catch (const PhaseError& error) {
      if (!result_.fatal) end_by(std::current_exception(), error.exit());
    }
  }

  LoopResult in_order() {
    std::sort(done_.begin(), done_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [item, report] : done_) result_.scenes.push_back(std::move(report));
    return std::move(result_);
  }

  const std::vector<SceneContext>& workers_;
  const std::vector<Scene>& scenes_;
  const SceneDone& written_;
  std::mutex mutex_;  // of everything below but feed and results; theirs may be taken inside it
  std::condition_variable changed_;
  size_t alive_, busy_ = 0, first_failed_ = SIZE_MAX;
  bool all_fed_ = false;
  std::vector<LoadedScene> again_;                    ///< scenes that lost workers gave back
  std::set<size_t> given_back_;                       ///< items of all that ever were
  std::vector<std::pair<size_t, SceneReport>> done_;  ///< by item
  std::exception_ptr broken_;                         ///< what no scene can be blamed for
  LoopResult result_;
  SceneFeed feed_;
  BackgroundQueue results_;  ///< goes first: its jobs use all of the above
};

}  // namespace

LoopResult run_scenes(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
                      const PipelineLimits& limits, const DoneBefore& done_before, const SceneDone& written) {
  return Loop(workers, scenes, limits, done_before, written).run();
}

}  // namespace da3::host
