// SPDX-License-Identifier: Apache-2.0
#include "engine/model.hpp"

#include <da3/error.hpp>

#include "net/any_view_net.hpp"
#include "net/mono_net.hpp"
#include "net/nested_net.hpp"

namespace da3::engine {

namespace {

std::string yes_no(bool value) { return value ? "true" : "false"; }

std::unique_ptr<net::Network> make_network(const net::WeightSource& source,
                                           const checkpoint::ModelConfig& config) {
  if (config.metric) return std::make_unique<net::NestedNet>(source, config.net, *config.metric);
  if (config.net.head.kind == checkpoint::HeadKind::dpt)
    return std::make_unique<net::MonoNet>(source, config.net, config.family == "metric");
  return std::make_unique<net::AnyViewNet>(source, config.net);
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

  uint64_t read_bytes = 0;
  context.run([&] {
    const net::WeightSource source{file, context.device, *context.kernels, [&](uint64_t bytes) {
                                     read_bytes += bytes;
                                     watcher.step("load", read_bytes, stored_bytes);
                                   }};
    network_ = make_network(source, config_);
  });
  capabilities_ = network_->capabilities();
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
  const net::Capabilities& can = capabilities_;
  sink("capability.confidence", yes_no(can.confidence));
  sink("capability.pose", yes_no(can.pose));
  sink("capability.pose_input", yes_no(can.pose_input));
  sink("capability.ray", yes_no(can.ray));
  sink("capability.gaussians", yes_no(can.gaussians));
  sink("capability.metric", yes_no(can.metric));
  sink("capability.metric_by_focal", yes_no(can.metric_by_focal));
  sink("capability.sky", yes_no(can.sky));
  sink("capability.features", "true");
  sink("input.image", "uint8 [B,S,H,W,3]");
  if (can.pose_input) {
    sink("input.extrinsics", "float32 [B,S,4,4]");
    sink("input.intrinsics", "float32 [B,S,3,3]");
  }
  sink("output.depth", "float32 [B,S,H,W]");
  if (can.confidence) sink("output.confidence", "float32 [B,S,H,W]");
  if (can.sky) sink("output.sky", "float32 [B,S,H,W]");
  if (can.pose) {
    sink("output.extrinsics", "float32 [B,S,3,4]");
    sink("output.intrinsics", "float32 [B,S,3,3]");
  }
  if (can.ray) {
    sink("output.ray", "float32 [B,S,H/14*8,W/14*8,6]");
    sink("output.ray_confidence", "float32 [B,S,H/14*8,W/14*8]");
  }
  if (can.scale_factor) sink("output.scale_factor", "float32 [B]");
  const std::string feature = "float32 [B,S,H/14,W/14," + std::to_string(can.feature_width) + "]";
  for (int64_t i = 0; i < can.feature_blocks; ++i) sink("output.feature." + std::to_string(i), feature);
}

}  // namespace da3::engine
