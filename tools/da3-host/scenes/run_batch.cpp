// SPDX-License-Identifier: Apache-2.0
#include "scenes/run_batch.hpp"

#include <algorithm>
#include <da3/io/settings.hpp>
#include <functional>

#include "exit_code.hpp"
#include "scenes/scene_outputs.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

/// A scene whose images are in memory.
struct LoadedScene {
  const ScenePlan* plan = nullptr;
  io::Views views;
  double read_ms = 0;
};

/// Appends what a scene gives for one input, so that a batch is contiguous.
template <class T, class Values>
void append(std::vector<T>& all, const Values& values) {
  all.insert(all.end(), values.begin(), values.end());
}

/// Inputs of a batch. One scene's pixels are borrowed; those of several must lie behind each other.
struct BatchInputs {
  BatchInputs(const SceneContext& context, const std::vector<LoadedScene>& scenes) {
    for (const LoadedScene& scene : scenes) {
      if (scenes.size() > 1) append(pixels, scene.views.pixels);
      if (scene.plan->cameras.extrinsics.empty()) continue;
      append(extrinsics, context.io->normalise_extrinsics(scene.plan->cameras.extrinsics));
      for (const io::Intrinsics& k : scene.views.intrinsics) append(intrinsics, k);
    }
    image = scenes.size() > 1 ? pixels.data() : scenes.front().views.pixels.data();
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

class Batch {
 public:
  Batch(const SceneContext& context, const std::vector<ScenePlan>& plans) : context_(context) {
    for (const ScenePlan& plan : plans) {
      results_.push_back({plan.item, std::nullopt, nullptr, 0});
      Stopwatch watch;
      guard(results_.size() - 1, [&] {
        context.progress->begin(plan.item, context.scenes, plan.scene->name, "reading");
        loaded_.push_back({&plan, read(plan), 0});
        loaded_.back().read_ms = watch.lap();
        slots_.push_back(results_.size() - 1);
      });
      results_.back().milliseconds += watch.lap();
    }
  }

  std::vector<SceneResult> run() {
    if (loaded_.empty()) return std::move(results_);
    try {
      finish(loaded_, slots_);
    } catch (const PhaseError& error) {
      if (loaded_.size() == 1 || error.code() == DA3_E_CANCELLED)
        for (const size_t slot : slots_) results_[slot].failure = std::current_exception();
      else
        each_by_itself();
    }
    return std::move(results_);
  }

 private:
  io::Views read(const ScenePlan& plan) const {
    const RunProfile::Own span(context_.profile, "read " + plan.scene->name);
    return in_phase(Phase::input, [&] {
      io::Views views =
          context_.io->load_views(plan.scene->files, context_.preprocess, plan.cameras.intrinsics);
      check_output_size(plan, views);
      return views;
    });
  }

  /// Before the network runs.
  void check_output_size(const ScenePlan& plan, const io::Views& views) const {
    if (!context_.export_options.original_size) return;
    for (const auto& [height, width] : views.sizes_before_unify)
      if (height != views.height || width != views.width)
        throw Error(DA3_E_INVALID,
                    "\"" + plan.scene->name +
                        "\" cannot be written in the original size: its images differ in shape and "
                        "were cut to the smallest; use --output-size processed or --mode "
                        "independent");
    const auto& sizes = views.original_sizes;
    const bool arrays = std::any_of(context_.formats.begin(), context_.formats.end(), [](const auto& format) {
      return format == "npz" || format == "mini_npz";
    });
    if (arrays && std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) != sizes.end())
      throw Error(DA3_E_INVALID,
                  "\"" + plan.scene->name +
                      "\" cannot be written as npz in the original size: its images differ in "
                      "size, and an array has one; use raw or tiff32, or --output-size processed");
  }

  template <class Body>
  void guard(size_t slot, Body&& body) {
    try {
      body();
    } catch (const PhaseError&) {
      results_[slot].failure = std::current_exception();
    }
  }

  void each_by_itself() {
    for (size_t i = 0; i < loaded_.size(); ++i) {
      std::vector<LoadedScene> one;
      one.push_back(std::move(loaded_[i]));
      context_.progress->select(one.front().plan->item, one.front().plan->scene->name);
      guard(slots_[i], [&] { finish(one, {slots_[i]}); });
    }
  }

  RunResult forward(const std::vector<LoadedScene>& scenes, StageTimes& stages) const {
    return in_phase(Phase::run, [&] {
      const BatchInputs inputs(context_, scenes);
      RunRequest request = request_for(context_, *scenes.front().plan, scenes.size());
      inputs.fill(request);
      request.watch.should_cancel = [] { return signals::cancel_now(); };
      request.watch.progress = [&](uint64_t done, uint64_t total, std::string_view stage) {
        const ScenePlan& first = *scenes.front().plan;
        context_.progress->advance(first.item, first.scene->name, done, total, stage);
      };
      request.watch.trace = context_.profile ? context_.profile->sink(stages) : stages.sink();
      if (context_.profile) request.watch.trace_detail = TraceDetail::layers;
      const RunProfile::Own span(context_.profile, "forward");
      return context_.session->run(request);
    });
  }

  /// Throws when the run fails; what happens to one scene afterwards is that scene's.
  void finish(const std::vector<LoadedScene>& scenes, const std::vector<size_t>& slots) {
    Stopwatch watch;
    StageTimes stages;
    const RunResult result = forward(scenes, stages);
    const double share = watch.lap() / static_cast<double>(scenes.size());
    for (size_t i = 0; i < scenes.size(); ++i) {
      const LoadedScene& scene = scenes[i];
      context_.progress->select(scene.plan->item, scene.plan->scene->name);
      guard(slots[i], [&] {
        SceneReport report = report_of(scene);
        report.times.forward = share;
        report.times.stages = stages.share(scenes.size());
        report.batch = static_cast<int64_t>(scenes.size());
        write_scene(context_, *scene.plan, scene.views, SceneOutputs(result, i, scenes.size()), report);
        results_[slots[i]].report = std::move(report);
      });
      results_[slots[i]].milliseconds += share + watch.lap();
    }
  }

  SceneReport report_of(const LoadedScene& scene) const {
    SceneReport report;
    report.scene = *scene.plan->scene;
    report.worker = context_.worker;
    report.skipped = scene.plan->skipped;
    report.times.read = scene.read_ms;
    report.times.decode = scene.views.decode_ms;
    report.times.resize = scene.views.resize_ms;
    report.original_sizes = scene.views.original_sizes;
    report.views = scene.views.views;
    report.height = scene.views.height;
    report.width = scene.views.width;
    return report;
  }

  const SceneContext& context_;
  std::vector<SceneResult> results_;
  std::vector<LoadedScene> loaded_;
  std::vector<size_t> slots_;  ///< of loaded_ in results_
};

}  // namespace

std::vector<SceneResult> run_batch(const SceneContext& context, const std::vector<ScenePlan>& plans) {
  return Batch(context, plans).run();
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
