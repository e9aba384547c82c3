// SPDX-License-Identifier: Apache-2.0
#include "run_scene.hpp"

#include <algorithm>
#include <chrono>

#include "exit_code.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace {

RunResult forward(const SceneContext& context, io::Views& views) {
  RunRequest request;
  request.inputs = {Tensor::borrow("image", DType::uint8, {1, views.views, views.height, views.width, 3},
                                   static_cast<const void*>(views.pixels.data()))};
  request.outputs = context.outputs;
  request.watch.should_cancel = [] { return signals::cancel_now(); };
  request.watch.progress = [&](uint64_t done, uint64_t total, std::string_view stage) {
    context.progress->advance(done, total, stage);
  };
  return context.session->run(request);
}

io::Prediction prediction_of(const io::Views& views, const RunResult& result) {
  const auto floats = [&](const char* name) {
    const Tensor* tensor = result.find(name);
    return tensor ? std::span<const float>(tensor->floats()) : std::span<const float>();
  };
  io::Prediction prediction;
  prediction.views = views.views, prediction.height = views.height, prediction.width = views.width;
  prediction.depth = floats("depth");
  prediction.confidence = floats("confidence");
  prediction.extrinsics = floats("extrinsics");
  prediction.intrinsics = floats("intrinsics");
  prediction.images = views.pixels;
  return prediction;
}

}  // namespace

std::vector<std::string> outputs_needed(const Model& model, const std::vector<std::string>& formats) {
  std::vector<std::string> needed{"depth"};
  const bool arrays = std::any_of(formats.begin(), formats.end(),
                                  [](const std::string& format) { return format != "depth_vis"; });
  const std::vector<std::string> has = model.outputs();
  for (const char* name : {"confidence", "extrinsics", "intrinsics"})
    if (arrays && std::find(has.begin(), has.end(), name) != has.end()) needed.emplace_back(name);
  return needed;
}

SceneReport run_scene(const SceneContext& context, const Scene& scene) {
  SceneReport report;
  report.scene = scene;
  Stopwatch watch;
  io::Views views =
      in_phase(Phase::input, [&] { return context.io->load_views(scene.files, context.preprocess, {}); });
  report.times.read = watch.lap();
  report.times.decode = views.decode_ms;
  report.times.resize = views.resize_ms;
  report.original_sizes = views.original_sizes;
  report.views = views.views, report.height = views.height, report.width = views.width;

  const RunResult result = in_phase(Phase::run, [&] { return forward(context, views); });
  report.times.forward = watch.lap();
  const io::Prediction prediction = in_phase(Phase::run, [&] { return prediction_of(views, result); });
  report.depth = in_phase(Phase::run, [&] { return depth_range(prediction.depth); });

  watch.lap();
  context.progress->advance(0, 0, "writing");
  report.files = in_phase(Phase::output, [&] {
    return context.io->export_prediction(context.formats, context.output / scene.folder, prediction);
  });
  report.times.output = watch.lap();
  return report;
}

}  // namespace da3::host
