// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_loop.hpp"

#include <optional>

#include "exit_code.hpp"
#include "signals.hpp"

namespace da3::host {
namespace {

class Loop {
 public:
  Loop(const SceneContext& context, const std::vector<Scene>& scenes, size_t most)
      : context_(context), scenes_(scenes), most_(most) {}

  LoopResult run() {
    while (next_ < scenes_.size() && signals::caught() == 0 && !result_.fatal) {
      const std::vector<ScenePlan> plans = next_batch();
      if (plans.empty()) continue;
      for (SceneResult& result : run_batch(context_, plans)) take(result);
    }
    return std::move(result_);
  }

 private:
  /// Advances past the scenes it takes and past those that cannot even be planned.
  std::vector<ScenePlan> next_batch() {
    std::vector<ScenePlan> plans;
    for (size_t room = 1; next_ < scenes_.size() && plans.size() < room && !result_.fatal;) {
      try {
        ScenePlan plan = waiting_ ? std::move(*waiting_) : plan_scene(context_, scenes_[next_], next_ + 1);
        waiting_.reset();
        if (plans.empty()) {
          room = scenes_that_fit(context_, plan, most_);
        } else if (!same_size(plans.front(), plan)) {
          waiting_ = std::move(plan);  // it begins the next batch
          break;
        }
        plans.push_back(std::move(plan));
      } catch (const PhaseError&) {
        SceneResult failed{next_ + 1, std::nullopt, std::current_exception(), 0};
        // What was planned before it is told first.
        if (!plans.empty()) break;
        context_.progress->begin(failed.item, scenes_.size(), scenes_[next_].name, "reading");
        take(failed);
      }
      ++next_;
    }
    return plans;
  }

  void take(SceneResult& result) {
    const Scene& scene = scenes_[result.item - 1];
    context_.progress->select(result.item, scene.name);
    if (result.report) {
      const int64_t views = result.report->views;
      context_.progress->end(result.milliseconds, std::to_string(views) + (views == 1 ? " view" : " views"),
                             "");
      result_.scenes.push_back(std::move(*result.report));
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
      context_.progress->end(result.milliseconds, "", error.message());
      result_.scenes.push_back(std::move(failed));
      // Where one scene cannot be written the next cannot either, and a stop is a stop.
      const bool fatal = error.phase() == Phase::output || error.code() == DA3_E_CANCELLED;
      if (result_.first_failure == 0 || (fatal && !result_.fatal)) result_.first_failure = error.exit();
      if (fatal && !result_.fatal) result_.fatal = result.failure;
    }
  }

  const SceneContext& context_;
  const std::vector<Scene>& scenes_;
  const size_t most_;
  size_t next_ = 0;
  std::optional<ScenePlan> waiting_;  ///< planned, but of another size than the batch before it
  LoopResult result_;
};

}  // namespace

LoopResult run_scenes(const SceneContext& context, const std::vector<Scene>& scenes, size_t most) {
  return Loop(context, scenes, most).run();
}

}  // namespace da3::host
