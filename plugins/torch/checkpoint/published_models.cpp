// SPDX-License-Identifier: Apache-2.0
// The published family: https://github.com/ByteDance-Seed/Depth-Anything-3
#include <algorithm>
#include <cctype>

#include "checkpoint/model_config.hpp"

namespace da3::checkpoint {
namespace {

BackboneConfig any_view_backbone(int64_t width, int64_t depth, int64_t heads, std::vector<int64_t> out_layers,
                                 int64_t start) {
  return {.embed_dim = width,
          .depth = depth,
          .num_heads = heads,
          .out_layers = std::move(out_layers),
          .alt_start = start,
          .qknorm_start = start,
          .rope_start = start,
          .cat_token = true};
}

NetConfig any_view(BackboneConfig backbone, int64_t features, std::array<int64_t, 4> out_channels) {
  const int64_t width = backbone.embed_dim;
  return {.prefix = "model.",
          .backbone = std::move(backbone),
          .head = {HeadKind::dual_dpt, 2 * width, features, 2, out_channels},
          .camera = CameraConfig{width, 2 * width},
          .gaussian = {}};
}

NetConfig giant() {
  NetConfig net =
      any_view(any_view_backbone(1536, 40, 24, {19, 27, 33, 39}, 13), 256, {256, 512, 1024, 1024});
  net.backbone.feed_forward = FeedForward::swiglu;
  net.gaussian = GaussianConfig{.head = {HeadKind::dpt, 3072, 256, 38, {256, 512, 1024, 1024}}};
  return net;
}

NetConfig monocular() {
  return {.prefix = "model.",
          .backbone = {.embed_dim = 1024, .depth = 24, .num_heads = 16, .out_layers = {4, 11, 17, 23}},
          .head = {HeadKind::dpt, 1024, 256, 1, {256, 512, 1024, 1024}},
          .camera = {},
          .gaussian = {}};
}

ModelConfig model(std::string_view name, std::string_view family, NetConfig net) {
  ModelConfig config;
  config.name = name;
  config.family = family;
  config.net = std::move(net);
  return config;
}

}  // namespace

const std::vector<PublishedModel>& published_family() {
  static constexpr std::string_view apache = "Apache-2.0", non_commercial = "CC-BY-NC-4.0";
  static const std::vector<PublishedModel> family{
      {"da3-small", "depth-anything/DA3-SMALL", "", apache, true},
      {"da3-base", "depth-anything/DA3-BASE", "", apache, true},
      {"da3-large", "depth-anything/DA3-LARGE-1.1", "depth-anything/DA3-LARGE", non_commercial, false},
      {"da3-giant", "depth-anything/DA3-GIANT-1.1", "depth-anything/DA3-GIANT", non_commercial, false},
      {"da3mono-large", "depth-anything/DA3MONO-LARGE", "", apache, true},
      {"da3metric-large", "depth-anything/DA3METRIC-LARGE", "", apache, true},
      {"da3nested-giant-large", "depth-anything/DA3NESTED-GIANT-LARGE-1.1",
       "depth-anything/DA3NESTED-GIANT-LARGE", non_commercial, false},
  };
  return family;
}

std::vector<std::string> published_names() {
  std::vector<std::string> names;
  for (const PublishedModel& model : published_family()) names.emplace_back(model.name);
  return names;
}

std::string canonical_name(std::string_view name) {
  if (const size_t slash = name.rfind('/'); slash != name.npos) name.remove_prefix(slash + 1);
  std::string result(name);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  if (const size_t dash = result.rfind('-'); dash != result.npos) {
    const std::string_view version = std::string_view(result).substr(dash + 1);
    const bool digits =
        version.find_first_not_of("0123456789.") == version.npos && version.find('.') != version.npos;
    if (digits) result.resize(dash);
  }
  return result;
}

std::optional<ModelConfig> published_model(std::string_view published) {
  const std::string name = canonical_name(published);
  if (name == "da3-small")
    return model(name, "any-view",
                 any_view(any_view_backbone(384, 12, 6, {5, 7, 9, 11}, 4), 64, {48, 96, 192, 384}));
  if (name == "da3-base")
    return model(name, "any-view",
                 any_view(any_view_backbone(768, 12, 12, {5, 7, 9, 11}, 4), 128, {96, 192, 384, 768}));
  if (name == "da3-large")
    return model(name, "any-view",
                 any_view(any_view_backbone(1024, 24, 16, {11, 15, 19, 23}, 8), 256, {256, 512, 1024, 1024}));
  if (name == "da3-giant") return model(name, "any-view", giant());
  if (name == "da3mono-large") return model(name, "mono", monocular());
  if (name == "da3metric-large") return model(name, "metric", monocular());
  if (name != "da3nested-giant-large") return std::nullopt;
  ModelConfig config = model(name, "nested", giant());
  config.net.prefix = "model.da3.";
  config.metric = monocular();
  config.metric->prefix = "model.da3_metric.";
  return config;
}

}  // namespace da3::checkpoint
