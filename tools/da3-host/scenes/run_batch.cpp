// SPDX-License-Identifier: Apache-2.0
#include "scenes/run_batch.hpp"

#include <algorithm>
#include <da3/io/settings.hpp>

#include "exit_code.hpp"
#include "scenes/scene_outputs.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

using Members = std::vector<RanScene*>;

/// Appends what a scene gives for one input, so that a batch is contiguous.
template <class T, class Values>
void append(std::vector<T>& all, const Values& values) {
  all.insert(all.end(), values.begin(), values.end());
}

/// Inputs of a batch. One scene's pixels are borrowed; those of several must lie behind each other.
struct BatchInputs {
  BatchInputs(const SceneContext& context, const Members& scenes) {
    for (const RanScene* scene : scenes) {
      const auto& [plan, views, read_ms, failure] = scene->loaded;
      if (scenes.size() > 1) append(pixels, views.pixels);
      if (plan.cameras.extrinsics.empty()) continue;
      append(extrinsics, context.io->normalise_extrinsics(plan.cameras.extrinsics));
      for (const io::Intrinsics& k : views.intrinsics) append(intrinsics, k);
    }
    image = scenes.size() > 1 ? pixels.data() : scenes.front()->loaded.views.pixels.data();
  }

  /// Gives the request's inputs their data.
  void fill(RunRequest& request) const {
    for (Tensor& input : request.inputs) {
      const void* data = input.name() == "image"        ? static_cast<const void*>(image)
                         : input.name() == "extrinsics" ? static_cast<const void*>(extrinsics.data())
                                                        : static_cast<const void*>(intrinsics.data());
      input = Tensor::borrow(input.name(), input.dtype(), input.shape(), data);
    }
  }

  const uint8_t* image = nullptr;
  std::vector<uint8_t> pixels;
  std::vector<float> extrinsics, intrinsics;
};

RunResult forward(const SceneContext& context, const Members& scenes, StageTimes& stages) {
  return in_phase(Phase::run, [&] {
    const BatchInputs inputs(context, scenes);
    const ScenePlan& first = scenes.front()->loaded.plan;
    RunRequest request = request_for(context, first, scenes.size());
    inputs.fill(request);
    request.watch.should_cancel = [] { return signals::cancel_now(); };
    request.watch.progress = [&](uint64_t done, uint64_t total, std::string_view stage) {
      context.progress->advance(first.item, first.scene->name, done, total, stage);
    };
    request.watch.trace = context.profile ? context.profile->sink(stages) : stages.sink();
    if (context.profile) request.watch.trace_detail = TraceDetail::operations;
    const RunProfile::Own span(context.profile, "forward");
    return context.session->run(request);
  });
}

/// Throws when the run fails.
void run_together(const SceneContext& context, const Members& scenes) {
  Stopwatch watch;
  StageTimes stages;
  const auto result = std::make_shared<const RunResult>(forward(context, scenes, stages));
  const double share = watch.lap() / static_cast<double>(scenes.size());
  for (size_t i = 0; i < scenes.size(); ++i) {
    RanScene& scene = *scenes[i];
    scene.result = result;
    scene.place = i;
    scene.batch = scenes.size();
    scene.stages = stages.share(scenes.size());
    scene.forward_ms = share;
  }
}

/// The failure stays with the scene.
void run_alone(const SceneContext& context, RanScene& scene) try {
  scene.failure = nullptr;
  // Memory was looked at for the plan that it had before.
  if (scene.loaded.plan.planned_anew) scenes_that_fit(context, scene.loaded.plan, 1);
  run_together(context, {&scene});
} catch (const PhaseError&) {
  scene.failure = std::current_exception();
}

void run_members(const SceneContext& context, const Members& scenes) {
  bool cancelled = false;
  try {
    run_together(context, scenes);
    return;
  } catch (const PhaseError& error) {
    for (RanScene* scene : scenes) scene->failure = std::current_exception();
    cancelled = error.code() == DA3_E_CANCELLED;
  }
  if (scenes.size() == 1 || cancelled) return;
  for (RanScene* scene : scenes) run_alone(context, *scene);
}

SceneReport report_of(const SceneContext& context, const RanScene& scene) {
  const auto& [plan, views, read_ms, failure] = scene.loaded;
  SceneReport report;
  report.scene = *plan.scene;
  report.worker = context.worker;
  report.skipped = plan.skipped;
  report.times.read = read_ms;
  report.times.decode = views.decode_ms;
  report.times.resize = views.resize_ms;
  report.times.forward = scene.forward_ms;
  report.times.stages = scene.stages;
  report.batch = static_cast<int64_t>(scene.batch);
  report.original_sizes = views.original_sizes;
  report.views = views.views;
  for (const io::Lens& lens : plan.cameras.lenses) report.undistorted += !lens.model.empty();
  report.height = views.height;
  report.width = views.width;
  return report;
}

}  // namespace

uint64_t RanScene::bytes() const {
  uint64_t outputs = 0;
  if (result)
    for (const Tensor& tensor : result->outputs) outputs += tensor.bytes() / batch;
  return loaded.views.pixels.size() + outputs;
}

std::vector<RanScene> run_batch(const SceneContext& context, std::vector<LoadedScene> scenes) {
  std::vector<RanScene> all(scenes.size());
  Members whole, apart;
  for (size_t i = 0; i < scenes.size(); ++i) {
    all[i].loaded = std::move(scenes[i]);
    all[i].failure = all[i].loaded.failure;
    if (!all[i].failure) (all[i].loaded.plan.planned_anew ? apart : whole).push_back(&all[i]);
  }
  if (!whole.empty()) run_members(context, whole);
  for (RanScene* scene : apart) run_alone(context, *scene);
  return all;
}

SceneResult write_result(const SceneContext& context, const RanScene& scene) {
  const ScenePlan& plan = scene.loaded.plan;
  SceneResult done{plan.item, std::nullopt, scene.failure, scene.loaded.read_ms + scene.forward_ms};
  if (done.failure) return done;
  Stopwatch watch;
  try {
    SceneReport report = report_of(context, scene);
    write_scene(context, plan, scene.loaded.views, SceneOutputs(*scene.result, scene.place, scene.batch),
                report);
    done.report = std::move(report);
  } catch (const PhaseError&) {
    done.failure = std::current_exception();
  }
  done.milliseconds += watch.lap();
  return done;
}

std::vector<std::string> outputs_needed(const SceneContext& context) {
  std::vector<std::string> needed{"depth"};
  const std::vector<std::string> has = context.model->outputs();
  const auto add = [&](const std::string& name) {
    if (std::find(has.begin(), has.end(), name) != has.end()) needed.push_back(name);
  };
  const auto used = [&](io::Use io::Format::*part) {
    return std::any_of(context.formats.begin(), context.formats.end(), [&](const std::string& name) {
      return io::find_format(name)->*part != io::Use::none;
    });
  };
  if (used(&io::Format::confidence)) add("confidence");
  if (used(&io::Format::extrinsics) || context.cameras->has_poses()) add("extrinsics");
  if (used(&io::Format::intrinsics)) add("intrinsics");
  if (std::any_of(context.formats.begin(), context.formats.end(),
                  [](const std::string& name) { return io::find_format(name)->gaussians; }))
    for (const char* part : {"means", "scales", "rotations", "harmonics", "opacities"})
      add(std::string("gaussians.") + part);
  add("scale_factor");
  for (const int64_t block : context.features) needed.push_back("feature." + std::to_string(block));
  return needed;
}

}  // namespace da3::host
