// SPDX-License-Identifier: Apache-2.0
#include "scenes/dry_run.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "exit_code.hpp"
#include "scenes/load_scene.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string memory_of(const SceneContext& context, const ScenePlan& plan) {
  try {
    const Memory memory = context.model->estimate(request_for(context, plan, 1));
    if (memory.peak == UINT64_MAX) return "memory not known";
    return number("about %.2f GB", static_cast<double>(memory.peak) / 1e9) +
           (memory.peak > memory.limit
                ? number(": does not fit into %.2f GB", static_cast<double>(memory.limit) / 1e9)
                : "");
  } catch (const Error& error) {
    if (error.code() != DA3_E_UNSUPPORTED) throw;
    return "memory not known";
  }
}

/// Milliseconds of the second of two runs of one grey view; the first one allocates.
double one_view(const SceneContext& context, ScenePlan plan) {
  plan.size.views = 1;
  plan.cameras = {};
  const std::vector<uint8_t> grey(static_cast<size_t>(plan.size.height * plan.size.width) * 3, 128);
  RunRequest request = request_for(context, plan, 1);
  request.outputs = {"depth"};
  request.inputs = {Tensor::borrow("image", DType::uint8, {1, 1, plan.size.height, plan.size.width, 3},
                                   static_cast<const void*>(grey.data()))};
  request.watch.should_cancel = [] { return signals::caught() != 0; };
  context.session->run(request);
  Stopwatch watch;
  context.session->run(request);
  return watch.lap();
}

/// What scenes like this one hold while they are read ahead of the run, or wait to be written behind it.
std::string memory_beside(const ScenePlan& plan, const PipelineLimits& limits) {
  const uint64_t ahead = limits.prefetch * limits.batch * bytes_to_load(plan);
  // Its pixels and two maps; other outputs are smaller, or rare.
  const auto pixels = static_cast<uint64_t>(plan.size.views * plan.size.height * plan.size.width);
  const uint64_t behind = limits.prefetch * limits.batch * pixels * (3 + 2 * sizeof(float));
  const uint64_t both = std::min(ahead, limits.bytes) + std::min(behind, limits.bytes);
  return number("; about %.0f MB more", static_cast<double>(both) / 1e6) +
         " for images that are read ahead and results that are not yet written";
}

}  // namespace

std::string dry_run(const SceneContext& context, const std::vector<Scene>& scenes,
                    const PipelineLimits& limits, const DoneBefore& done_before) {
  std::string text;
  std::optional<ScenePlan> first;
  int64_t views = 0;
  size_t broken = 0, done = 0;
  for (size_t i = 0; i < scenes.size() && signals::caught() == 0; ++i) {
    if (done_before(scenes[i])) {
      text += scenes[i].name + ": done by an earlier run\n";
      ++done;
      continue;
    }
    try {
      ScenePlan plan = plan_scene(context, scenes[i], i + 1);
      text += scenes[i].name + ": " + std::to_string(plan.size.views) +
              (plan.size.views == 1 ? " view of " : " views of ") + std::to_string(plan.size.width) + "x" +
              std::to_string(plan.size.height) + ", " + memory_of(context, plan) + ", into " +
              (context.output / scenes[i].folder / "").string() + "\n";
      views += plan.size.views;
      if (!first) first = std::move(plan);
    } catch (const PhaseError& error) {
      if (scenes.size() == 1) throw;
      text += scenes[i].name + ": would fail: " + error.message() + "\n";
      ++broken;
    }
  }
  text += std::to_string(scenes.size()) + (scenes.size() == 1 ? " scene, " : " scenes, ") +
          std::to_string(views) + (views == 1 ? " view" : " views");
  if (done > 0) text += ", " + std::to_string(done) + " done by an earlier run";
  if (broken > 0) text += ", " + std::to_string(broken) + " would fail";
  if (first) {
    const double each = in_phase(Phase::run, [&] { return one_view(context, *first); });
    text += number("; one view takes %.0f ms here, so about ", each) +
            number("%.1f s", each * static_cast<double>(views) / 1000) +
            " for the network; views that are seen together take longer";
    if (scenes.size() > 1 && limits.prefetch > 0) text += memory_beside(*first, limits);
  }
  return text + "; nothing was written\n";
}

}  // namespace da3::host
