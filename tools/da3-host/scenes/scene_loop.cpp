// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_loop.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "exit_code.hpp"
#include "signals.hpp"

namespace da3::host {
namespace {

class Loop {
 public:
  Loop(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes, size_t most,
       const DoneBefore& done_before, const SceneDone& written)
      : workers_(workers),
        scenes_(scenes),
        most_(most),
        done_before_(done_before),
        written_(written),
        alive_(workers.size()) {}

  LoopResult run() {
    std::vector<std::thread> threads;
    for (size_t i = 1; i < workers_.size(); ++i) threads.emplace_back([this, i] { work(workers_[i]); });
    work(workers_.front());
    for (std::thread& thread : threads) thread.join();
    if (broken_) std::rethrow_exception(broken_);
    return in_order();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void work(const SceneContext& worker) {
    Lock lock(mutex_);
    try {
      while (const auto plans = wait_for_batch(worker, lock)) {
        ++busy_;
        lock.unlock();
        std::vector<SceneResult> results = run_batch(worker, *plans);
        lock.lock();
        --busy_;
        const bool lost = take_all(worker, results);
        changed_.notify_all();
        if (lost) return;
      }
    } catch (...) {
      if (!lock) lock.lock();
      if (!broken_) broken_ = std::current_exception();
      changed_.notify_all();
    }
  }

  bool stopped() const { return broken_ || result_.fatal || signals::caught() != 0; }
  bool all_begun() const { return again_.empty() && next_ >= scenes_.size(); }

  /// Nothing when the work is done. Who finds none left waits for those at work: one may be lost and give its
  /// back.
  std::optional<std::vector<ScenePlan>> wait_for_batch(const SceneContext& worker, Lock& lock) {
    while (!stopped()) {
      if (!all_begun()) {
        std::vector<ScenePlan> plans = again_.empty() ? next_batch(worker) : given_back(worker);
        if (!plans.empty()) return plans;
        continue;
      }
      if (busy_ == 0) break;
      changed_.wait(lock);
    }
    return std::nullopt;
  }

  std::vector<ScenePlan> given_back(const SceneContext& worker) {
    const size_t scene = again_.back();
    again_.pop_back();
    std::vector<ScenePlan> plans;
    plans.push_back(plan_scene(worker, scenes_[scene], scene + 1));  // it could be planned before
    return plans;
  }

  /// Advances past the scenes it takes and past those that cannot even be planned.
  std::vector<ScenePlan> next_batch(const SceneContext& worker) {
    std::vector<ScenePlan> plans;
    for (size_t room = 1; next_ < scenes_.size() && plans.size() < room && !result_.fatal;) {
      if (auto before = waiting_ ? std::nullopt : done_before_(scenes_[next_])) {
        if (!plans.empty()) break;  // what was planned before it is told first
        worker.progress->skip(next_ + 1, scenes_.size(), scenes_[next_].name, "done by an earlier run");
        done_.emplace_back(next_ + 1, std::move(*before));
        ++next_;
        continue;
      }
      try {
        ScenePlan plan = waiting_ ? std::move(*waiting_) : plan_scene(worker, scenes_[next_], next_ + 1);
        waiting_.reset();
        if (plans.empty()) {
          room = scenes_that_fit(worker, plan, most_);
        } else if (!same_size(plans.front(), plan)) {
          waiting_ = std::move(plan);  // it begins the next batch
          break;
        }
        plans.push_back(std::move(plan));
      } catch (const PhaseError&) {
        SceneResult failed{next_ + 1, std::nullopt, std::current_exception(), 0};
        // What was planned before it is told first.
        if (!plans.empty()) break;
        worker.progress->begin(failed.item, scenes_.size(), scenes_[next_].name, "reading");
        take(worker, failed);
      }
      ++next_;
    }
    return plans;
  }

  /// Whether the failure is the device's, which will do nothing more.
  static bool is_loss(const SceneResult& result) {
    if (!result.failure) return false;
    try {
      std::rethrow_exception(result.failure);
    } catch (const PhaseError& error) {
      return error.phase() == Phase::run &&
             (error.code() == DA3_E_DEVICE_LOST || error.code() == DA3_E_UNAVAILABLE);
    } catch (...) {
      return false;
    }
  }

  /// True: the worker has lost its device and others are left, who get what it could not do; of a scene that
  /// was given back before the failure stays, for it may be the scene that does it.
  bool take_all(const SceneContext& worker, std::vector<SceneResult>& results) {
    const bool lost = alive_ > 1 && std::any_of(results.begin(), results.end(), is_loss);
    if (lost) {
      --alive_;
      log(LogLevel::warn, worker.device + " is lost and not used any more: its scenes go to the others");
    }
    for (SceneResult& result : results)
      if (lost && is_loss(result) && given_back_.insert(result.item).second)
        again_.push_back(result.item - 1);
      else
        take(worker, result);
    return lost;
  }

  void take(const SceneContext& worker, SceneResult& result) {
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
      // Where one scene cannot be written the next cannot either, and a stop is a stop.
      const bool fatal = error.phase() == Phase::output || error.code() == DA3_E_CANCELLED;
      if (fatal && !result_.fatal) {
        result_.fatal = result.failure;
        result_.first_failure = error.exit();
      } else if (!result_.fatal && result.item < first_failed_) {
        result_.first_failure = error.exit();
        first_failed_ = result.item;
      }
    }
  }

  void write_down(const SceneReport& scene) {
    try {
      written_(scene);
    } catch (const PhaseError& error) {
      if (result_.fatal) return;
      result_.fatal = std::current_exception();
      result_.first_failure = error.exit();
    }
  }

  LoopResult in_order() {
    std::sort(done_.begin(), done_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [item, report] : done_) result_.scenes.push_back(std::move(report));
    return std::move(result_);
  }

  const std::vector<SceneContext>& workers_;
  const std::vector<Scene>& scenes_;
  const size_t most_;
  const DoneBefore& done_before_;
  const SceneDone& written_;
  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  size_t alive_, busy_ = 0, next_ = 0, first_failed_ = SIZE_MAX;
  std::vector<size_t> again_;         ///< scenes that lost workers gave back
  std::set<size_t> given_back_;       ///< items of all that ever were
  std::optional<ScenePlan> waiting_;  ///< planned, but of another size than the batch before it
  std::vector<std::pair<size_t, SceneReport>> done_;  ///< by item
  std::exception_ptr broken_;                         ///< what no scene can be blamed for
  LoopResult result_;
};

}  // namespace

LoopResult run_scenes(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes, size_t most,
                      const DoneBefore& done_before, const SceneDone& written) {
  return Loop(workers, scenes, most, done_before, written).run();
}

}  // namespace da3::host
