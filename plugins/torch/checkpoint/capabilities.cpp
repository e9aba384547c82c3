// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/capabilities.hpp"

namespace da3::checkpoint {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view features = "features";

void add_capabilities(Lines& lines, const Capabilities& can) {
  const auto add = [&](std::string_view name) {
    lines.emplace_back("capability." + std::string(name), *has_capability(can, name) ? "true" : "false");
  };
  for (const CapabilityFlag& flag : capability_flags()) add(flag.name);
  add(features);
}

void add_gaussians(Lines& lines, int64_t sh_degree) {
  const std::string bands = std::to_string((sh_degree + 1) * (sh_degree + 1));
  lines.emplace_back("output.gaussians.means", "float32 [B,S*H*W,3]");
  lines.emplace_back("output.gaussians.scales", "float32 [B,S*H*W,3]");
  lines.emplace_back("output.gaussians.rotations", "float32 [B,S*H*W,4]");
  lines.emplace_back("output.gaussians.harmonics", "float32 [B,S*H*W,3," + bands + "]");
  lines.emplace_back("output.gaussians.opacities", "float32 [B,S*H*W]");
}

void add_tensors(Lines& lines, const Capabilities& can, const ModelConfig& config) {
  lines.emplace_back("input.image", "uint8 [B,S,H,W,3]");
  if (can.pose_input) {
    lines.emplace_back("input.extrinsics", "float32 [B,S,4,4]");
    lines.emplace_back("input.intrinsics", "float32 [B,S,3,3]");
  }
  const char* map = "float32 [B,S,H,W]";
  lines.emplace_back("output.depth", map);
  if (can.confidence) lines.emplace_back("output.confidence", map);
  if (can.sky) lines.emplace_back("output.sky", map);
  if (can.pose) {
    lines.emplace_back("output.extrinsics", "float32 [B,S,3,4]");
    lines.emplace_back("output.intrinsics", "float32 [B,S,3,3]");
  }
  if (can.ray) {
    lines.emplace_back("output.ray", "float32 [B,S,H/14*8,W/14*8,6]");
    lines.emplace_back("output.ray_confidence", "float32 [B,S,H/14*8,W/14*8]");
  }
  if (can.scale_factor) lines.emplace_back("output.scale_factor", "float32 [B]");
  if (can.gaussians) add_gaussians(lines, config.net.gaussian->sh_degree);
  const std::string feature = "float32 [B,S,H/14,W/14," + std::to_string(can.feature_width) + "]";
  for (int64_t i = 0; i < can.feature_blocks; ++i)
    lines.emplace_back("output.feature." + std::to_string(i), feature);
}

}  // namespace

const std::vector<CapabilityFlag>& capability_flags() {
  static const auto& flags =
      *new std::vector<CapabilityFlag>{{"confidence", &Capabilities::confidence},
                                       {"pose", &Capabilities::pose},
                                       {"pose_input", &Capabilities::pose_input},
                                       {"ray", &Capabilities::ray},
                                       {"gaussians", &Capabilities::gaussians},
                                       {"metric", &Capabilities::metric},
                                       {"metric_by_focal", &Capabilities::metric_by_focal},
                                       {"sky", &Capabilities::sky}};
  return flags;
}

std::optional<bool> has_capability(const Capabilities& can, std::string_view name) {
  if (name == features) return can.feature_blocks > 0;
  for (const CapabilityFlag& flag : capability_flags())
    if (flag.name == name) return can.*flag.member;
  return std::nullopt;
}

Capabilities capabilities(const ModelConfig& config) {
  const NetConfig& net = config.net;
  const bool any_view = net.head.kind == HeadKind::dual_dpt;
  Capabilities can;
  can.confidence = can.ray = any_view;
  can.pose = can.pose_input = net.camera.has_value();
  can.gaussians = net.gaussian.has_value() && can.pose;
  can.metric = can.scale_factor = config.metric.has_value();
  can.metric_by_focal = !any_view && config.family == "metric";
  can.sky = !any_view || config.metric.has_value();
  can.feature_blocks = net.backbone.depth;
  can.feature_width = net.backbone.embed_dim;
  return can;
}

Lines describe(const ModelConfig& config) {
  int64_t parameters = 0;
  for (const TensorSpec& spec : stored_tensors(config)) parameters += spec.elements();
  Lines lines{{"model.name", config.name},
              {"model.family", config.family},
              {"model.license", config.license},
              {"model.parameters", std::to_string(parameters)},
              {"model.process_res", config.process_res > 0 ? std::to_string(config.process_res) : ""}};
  const Capabilities can = capabilities(config);
  add_capabilities(lines, can);
  add_tensors(lines, can, config);
  return lines;
}

std::string models_with(std::string_view capability) {
  std::string names;
  for (const std::string& name : published_names())
    if (has_capability(capabilities(*published_model(name)), capability).value_or(false))
      names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

}  // namespace da3::checkpoint
