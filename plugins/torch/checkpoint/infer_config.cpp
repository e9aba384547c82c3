// SPDX-License-Identifier: Apache-2.0
// A network's dimensions from its tensors' names and shapes.
#include <da3/error.hpp>

#include <algorithm>
#include <string>

#include "checkpoint/config_checks.hpp"
#include "checkpoint/model_config.hpp"
#include "checkpoint/printable.hpp"

namespace da3::checkpoint {
namespace {

constexpr const char* origin = "the checkpoint's tensors";
constexpr const char* remedy = "use a Depth Anything 3 checkpoint, with its config.json";

class Reader {
 public:
  Reader(const Shapes& shapes, std::string prefix) : shapes_(shapes), prefix_(std::move(prefix)) {}

  bool has(const std::string& name) const { return shapes_.contains(prefix_ + name); }

  /// Size `axis` of a tensor with that many dimensions.
  int64_t size(const std::string& name, size_t dimensions, size_t axis) const {
    const auto found = shapes_.find(prefix_ + name);
    if (found == shapes_.end()) bad_config(origin, "there is no " + in_quotes(prefix_ + name), remedy);
    const auto& shape = found->second;
    if (shape.size() != dimensions ||
        std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n <= 0; }))
      bad_config(origin, in_quotes(prefix_ + name) + " has a shape that fits no network", remedy);
    return shape[axis];
  }

  [[noreturn]] void misfit(const std::string& name) const {
    bad_config(origin, in_quotes(prefix_ + name) + " has a shape that fits no network", remedy);
  }

 private:
  const Shapes& shapes_;
  std::string prefix_;
};

std::string block(int64_t i, const char* rest) {
  return "backbone.pretrained.blocks." + std::to_string(i) + "." + rest;
}

HeadConfig infer_head(const Reader& tensors, const std::string& name, HeadKind kind) {
  HeadConfig head;
  head.kind = kind;
  head.dim_in = tensors.size(name + "projects.0.weight", 4, 1);
  head.features = tensors.size(name + "scratch.layer1_rn.weight", 4, 0);
  head.output_dim = tensors.size(name + "scratch.output_conv2.2.weight", 4, 0);
  for (size_t i = 0; i < 4; ++i)
    head.out_channels[i] = tensors.size(name + "projects." + std::to_string(i) + ".weight", 4, 0);
  return head;
}

int64_t infer_pos_embed_side(const Reader& tensors) {
  const std::string name = "backbone.pretrained.pos_embed";
  const int64_t positions = tensors.size(name, 3, 1);
  for (int64_t side = 1; side <= 1024; ++side)
    if (side * side + 1 == positions) return side;
  tensors.misfit(name);
}

// What the shapes show; num_heads stays 0 without qk-norm, and out_layers empty.
BackboneConfig infer_backbone(const Reader& tensors) {
  BackboneConfig backbone;
  backbone.embed_dim = tensors.size("backbone.pretrained.cls_token", 3, 2);
  backbone.pos_embed_side = infer_pos_embed_side(tensors);
  while (backbone.depth <= max_depth && tensors.has(block(backbone.depth, "norm1.weight"))) ++backbone.depth;
  if (backbone.depth == 0)
    bad_config(origin, "there is no " + in_quotes("model." + block(0, "norm1.weight")), remedy);
  if (tensors.has(block(0, "mlp.w12.weight"))) backbone.feed_forward = FeedForward::swiglu;
  for (int64_t i = 0; i < backbone.depth && backbone.qknorm_start == -1; ++i)
    if (tensors.has(block(i, "attn.q_norm.weight"))) backbone.qknorm_start = i;
  if (backbone.qknorm_start != -1) {
    const std::string name = block(backbone.qknorm_start, "attn.q_norm.weight");
    const int64_t head_dim = tensors.size(name, 1, 0);
    if (backbone.embed_dim % head_dim != 0) tensors.misfit(name);
    backbone.num_heads = backbone.embed_dim / head_dim;
  }
  // All published networks start the three together.
  if (tensors.has("backbone.pretrained.camera_token"))
    backbone.alt_start = backbone.rope_start = backbone.qknorm_start;
  return backbone;
}

bool same_but_for_layers(BackboneConfig seen, const BackboneConfig& published) {
  seen.out_layers = published.out_layers;
  seen.pos_embed_side = published.pos_embed_side;
  if (seen.num_heads == 0) seen.num_heads = published.num_heads;
  return seen == published;
}

// Fills in what only the family knows.
void complete_backbone(BackboneConfig& backbone) {
  for (const std::string& name : published_names()) {
    const BackboneConfig published = published_model(name)->net.backbone;
    if (!same_but_for_layers(backbone, published)) continue;
    backbone.num_heads = published.num_heads;
    backbone.out_layers = published.out_layers;
    return;
  }
  bad_config(origin,
             "a backbone of width " + std::to_string(backbone.embed_dim) + " and depth " +
                 std::to_string(backbone.depth) + " is none of the published ones (" + known_models() + ")",
             "put a config.json with explicit dimensions beside it");
}

GaussianConfig infer_gaussian(const Reader& tensors) {
  GaussianConfig gaussian{.head = infer_head(tensors, "gs_head.", HeadKind::dpt)};
  while (gaussian.sh_degree < 4 && gaussian_channels(gaussian.sh_degree) < gaussian.head.output_dim)
    ++gaussian.sh_degree;
  while (gaussian.sh_degree > 0 && gaussian_channels(gaussian.sh_degree) > gaussian.head.output_dim)
    --gaussian.sh_degree;
  return gaussian;
}

NetConfig infer_net(const Shapes& shapes, const std::string& prefix) {
  const Reader tensors(shapes, prefix);
  NetConfig net;
  net.prefix = prefix;
  net.backbone = infer_backbone(tensors);
  net.head =
      infer_head(tensors, "head.", tensors.has("head.norm.weight") ? HeadKind::dual_dpt : HeadKind::dpt);
  net.backbone.cat_token = net.head.dim_in == 2 * net.backbone.embed_dim;
  if (tensors.has("cam_dec.fc_t.weight"))
    net.camera = CameraConfig{tensors.size("cam_enc.token_norm.weight", 1, 0),
                              tensors.size("cam_dec.fc_t.weight", 2, 1)};
  if (tensors.has("gs_head.projects.0.weight")) net.gaussian = infer_gaussian(tensors);
  complete_backbone(net.backbone);
  check_net(net, origin);
  return net;
}

}  // namespace

ModelConfig infer_config(const Shapes& shapes) {
  ModelConfig config;
  const auto nested = shapes.lower_bound("model.da3.");
  if (nested != shapes.end() && nested->first.starts_with("model.da3.")) {
    config.family = "nested";
    config.net = infer_net(shapes, "model.da3.");
    config.metric = infer_net(shapes, "model.da3_metric.");
  } else {
    config.net = infer_net(shapes, "model.");
    config.family = config.net.head.kind == HeadKind::dual_dpt ? "any-view" : "mono";
  }
  config.name = "unknown";
  for (const std::string& name : published_names()) {
    const ModelConfig published = *published_model(name);
    if (published.net != config.net || published.metric != config.metric) continue;
    config.name = name;
    break;
  }
  return config;
}

}  // namespace da3::checkpoint
