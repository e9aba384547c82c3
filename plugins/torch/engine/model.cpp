// SPDX-License-Identifier: Apache-2.0
#include "engine/model.hpp"

#include <da3/error.hpp>

namespace da3::engine {

namespace {

std::string yes_no(bool value) { return value ? "true" : "false"; }

void refuse_unsupported(const checkpoint::ModelConfig& config) {
  if (config.family == "any-view") return;
  throw Error(DA3_E_UNSUPPORTED,
              "cannot run model '" + config.name + "': networks of the family '" + config.family +
                  "' are not in this version; use da3-small, da3-base, da3-large or da3-giant");
}

}  // namespace

void Watcher::step(const char* stage, uint64_t done, uint64_t total) const {
  if (!watch_) return;
  if (DA3_HAS(watch_, da3_watch, should_cancel) && watch_->should_cancel &&
      watch_->should_cancel(watch_->ctx))
    throw Error(DA3_E_CANCELLED, std::string("cancelled at stage '") + stage + "' by the caller");
  if (DA3_HAS(watch_, da3_watch, progress) && watch_->progress)
    watch_->progress(watch_->ctx, done, total, stage);
}

Model::Model(Context& context, const std::filesystem::path& folder, const Watcher& watcher)
    : context_(context) {
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  uint64_t stored_bytes = 0;
  for (const auto& [name, view] : file.tensors()) {
    shapes.emplace(name, view.shape);
    stored_bytes += view.bytes;
  }
  config_ = checkpoint::resolve_config(folder, shapes);
  refuse_unsupported(config_);

  uint64_t read_bytes = 0;
  context.run([&] {
    const net::WeightSource source{file, context.device, *context.kernels, [&](uint64_t bytes) {
                                     read_bytes += bytes;
                                     watcher.step("load", read_bytes, stored_bytes);
                                   }};
    network_ = std::make_unique<net::AnyViewNet>(source, config_.net);
  });
  for (const checkpoint::TensorSpec& spec : checkpoint::stored_tensors(config_))
    parameters_ += static_cast<uint64_t>(spec.elements());
  weight_bytes_ = parameters_ * sizeof(float);
  watcher.step("load", stored_bytes, stored_bytes);
  const std::lock_guard lock(context.models_mutex);
  context.networks.insert(network_.get());
  context.weight_bytes += weight_bytes_;
}

Model::~Model() {
  const std::lock_guard lock(context_.models_mutex);
  context_.networks.erase(network_.get());
  context_.weight_bytes -= weight_bytes_;
}

void Model::describe(const DescribeSink& sink) const {
  sink("model.name", config_.name);
  sink("model.family", config_.family);
  sink("model.license", config_.license);
  sink("model.parameters", std::to_string(parameters_));
  sink("model.process_res", config_.process_res > 0 ? std::to_string(config_.process_res) : "");
  sink("capability.confidence", "true");
  sink("capability.pose", yes_no(has_cameras()));
  sink("capability.pose_input", yes_no(has_cameras()));
  sink("capability.ray", "true");
  sink("capability.gaussians", "false");
  sink("capability.metric", "false");
  sink("capability.sky", "false");
  sink("capability.features", "true");
  sink("input.image", "uint8 [B,S,H,W,3]");
  if (has_cameras()) {
    sink("input.extrinsics", "float32 [B,S,4,4]");
    sink("input.intrinsics", "float32 [B,S,3,3]");
  }
  sink("output.depth", "float32 [B,S,H,W]");
  sink("output.confidence", "float32 [B,S,H,W]");
  if (has_cameras()) {
    sink("output.extrinsics", "float32 [B,S,3,4]");
    sink("output.intrinsics", "float32 [B,S,3,3]");
  }
  sink("output.ray", "float32 [B,S,H/14*8,W/14*8,6]");
  sink("output.ray_confidence", "float32 [B,S,H/14*8,W/14*8]");
  const auto& backbone = config_.net.backbone;
  for (int64_t i = 0; i < backbone.depth; ++i)
    sink("output.feature." + std::to_string(i),
         "float32 [B,S,H/14,W/14," + std::to_string(backbone.embed_dim) + "]");
}

}  // namespace da3::engine
