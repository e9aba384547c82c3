// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_outputs.hpp"

#include "exit_code.hpp"
#include "scenes/writing.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

std::vector<float> flat(const std::vector<io::Intrinsics>& intrinsics) {
  std::vector<float> values;
  for (const io::Intrinsics& k : intrinsics) values.insert(values.end(), k.begin(), k.end());
  return values;
}

/// Depth and poses in the unit that the user is told.
void bring_to_unit(const SceneContext& context, const ScenePlan& plan, const io::Views& views,
                   const SceneOutputs& outputs, SceneReport& report) {
  const std::span<float> depth = outputs.floats("depth");
  report.is_metric = context.facts.can.metric;
  if (const auto scale = outputs.floats("scale_factor"); !scale.empty()) report.scale_factor = scale[0];
  if (context.facts.can.metric_by_focal && !views.intrinsics.empty()) {
    context.io->depth_in_metres(depth, views.views, views.height, views.width, views.intrinsics);
    report.is_metric = true;
  }
  if (plan.cameras.extrinsics.empty()) return;
  const bool to_given = context.camera_settings.align_to_input_ext_scale;
  const io::PoseAlignment alignment =
      context.io->align_to_given(outputs.floats("extrinsics"), plan.cameras.extrinsics, depth, to_given);
  AlignmentReport told;
  told.scale = alignment.scale;
  told.scale_known = alignment.scale_known;
  told.from_centres = alignment.from_centres;
  told.to_given = to_given;
  for (const bool inlier : alignment.inliers) told.inliers += inlier;
  report.alignment = told;
  // Metres of the network become whatever unit the poses are in.
  if (to_given && told.scale_known) report.is_metric = false;
}

std::vector<io::FeatureMap> feature_maps(const SceneContext& context, const SceneOutputs& outputs) {
  std::vector<io::FeatureMap> maps;
  for (const int64_t block : context.features) {
    const std::string name = "feature." + std::to_string(block);
    const std::vector<int64_t> shape = outputs.shape(name);
    maps.push_back({block, shape[1], shape[2], shape[3], outputs.floats(name)});
  }
  return maps;
}

void show_preview(const SceneContext& context, const Scene& scene, const io::Prediction& prediction) {
  const std::string picture =
      in_phase(Phase::output, [&] { return context.io->preview(prediction, *context.preview); });
  context.progress->show(context.scenes > 1 ? scene.name + "\n" + picture : picture);
}

}  // namespace

std::span<float> SceneOutputs::floats(const std::string& name) const {
  const Tensor* tensor = result_.find(name);
  if (!tensor) return {};
  const size_t each = tensor->size() / scenes_;
  return tensor->floats().subspan(scene_ * each, each);
}

std::vector<int64_t> SceneOutputs::shape(const std::string& name) const {
  const std::vector<int64_t>& shape = result_.at(name).shape();
  return {shape.begin() + 1, shape.end()};
}

void write_scene(const SceneContext& context, const ScenePlan& plan, const io::Views& views,
                 const SceneOutputs& outputs, SceneReport& report) {
  const std::vector<float> known_intrinsics = flat(views.intrinsics);
  std::vector<float> gaussian_extrinsics;
  io::Prediction prediction;
  in_phase(Phase::run, [&] {
    const auto scale = outputs.floats("scale_factor");
    if (!outputs.floats("gaussians.means").empty())
      gaussian_extrinsics = context.io->gaussian_extrinsics(
          outputs.floats("extrinsics"), plan.cameras.extrinsics, scale.empty() ? 1 : scale[0]);
    bring_to_unit(context, plan, views, outputs, report);
    prediction.views = views.views, prediction.height = views.height, prediction.width = views.width;
    prediction.depth = outputs.floats("depth");
    prediction.confidence = outputs.floats("confidence");
    prediction.extrinsics = outputs.floats("extrinsics");
    prediction.intrinsics = outputs.floats("intrinsics");
    // Given ones go before predicted ones, as upstream; and serve models that predict none.
    const bool used = !plan.cameras.extrinsics.empty() || prediction.intrinsics.empty();
    if (used && !known_intrinsics.empty()) prediction.intrinsics = known_intrinsics;
    prediction.images = views.pixels;
    prediction.features = feature_maps(context, outputs);
    prediction.gaussians = {outputs.floats("gaussians.means"),     outputs.floats("gaussians.scales"),
                            outputs.floats("gaussians.rotations"), outputs.floats("gaussians.harmonics"),
                            outputs.floats("gaussians.opacities"), gaussian_extrinsics};
    prediction.is_metric = report.is_metric;
    prediction.files = plan.scene->files;
    prediction.exif_rotation = context.preprocess.exif_rotation;
    prediction.original_sizes = views.original_sizes;
    prediction.uncut_sizes = views.uncut_sizes;
    report.depth = depth_range(prediction.depth);
  });
  Stopwatch watch;
  const RunProfile::Own span(context.profile, "write " + plan.scene->name);
  context.progress->aside(plan.item, plan.scene->name, "writing");
  report.files = in_phase(Phase::output, [&] {
    if (context.on_prediction) context.on_prediction(prediction);
    if (context.folder) context.folder->check();
    auto files = context.io->export_prediction(context.formats, context.output / plan.scene->folder,
                                               prediction, watched(context, plan.item, plan.scene->name));
    if (context.folder) context.folder->check();
    return files;
  });
  if (context.preview) show_preview(context, *plan.scene, prediction);
  report.times.output = watch.lap();
}

}  // namespace da3::host
