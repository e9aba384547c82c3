// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/config_checks.hpp"

#include <da3/error.hpp>

namespace da3::checkpoint {
namespace {

constexpr int64_t max_width = 16384;
constexpr int64_t max_heads = 256;
constexpr int64_t max_sh_degree = 4;
constexpr int64_t max_pos_embed_side = 1024;
constexpr int64_t camera_encoder_heads = 16;

void check(bool good, const std::string& origin, const std::string& why) {
  if (!good) bad_config(origin, why);
}

void in_range(int64_t value, int64_t low, int64_t high, const std::string& origin, const std::string& name) {
  check(
      value >= low && value <= high, origin,
      name + " is " + std::to_string(value) + ", not " + std::to_string(low) + " to " + std::to_string(high));
}

void divides(int64_t divisor, int64_t value, const std::string& origin, const std::string& name) {
  check(value % divisor == 0, origin,
        name + " is " + std::to_string(value) + ", no multiple of " + std::to_string(divisor));
}

void check_backbone(const BackboneConfig& net, const std::string& origin) {
  in_range(net.embed_dim, 4, max_width, origin, "net.embed_dim");
  in_range(net.depth, 1, max_depth, origin, "net.depth");
  in_range(net.num_heads, 1, max_heads, origin, "net.num_heads");
  check(net.embed_dim % net.num_heads == 0, origin,
        "net.embed_dim " + std::to_string(net.embed_dim) + " is no multiple of net.num_heads " +
            std::to_string(net.num_heads));
  divides(4, net.embed_dim / net.num_heads, origin,
          "net.embed_dim / net.num_heads");  // rotary pairs for y and x
  check(net.out_layers.size() == 4, origin,
        "net.out_layers has " + std::to_string(net.out_layers.size()) + " numbers, not 4");
  int64_t previous = -1;
  for (const int64_t layer : net.out_layers) {
    check(layer > previous && layer < net.depth, origin,
          "net.out_layers must ascend from 0 to below net.depth " + std::to_string(net.depth));
    previous = layer;
  }
  const auto start = [&](int64_t value, int64_t low, const std::string& name) {
    check(value == -1 || (value >= low && value < net.depth), origin,
          name + " is " + std::to_string(value) + ", neither -1 (never) nor " + std::to_string(low) +
              " to below net.depth");
  };
  start(net.alt_start, 1, "net.alt_start");  // the reference view is chosen after the block before
  start(net.qknorm_start, 0, "net.qknorm_start");
  start(net.rope_start, 0, "net.rope_start");
  in_range(net.pos_embed_side, 1, max_pos_embed_side, origin,
           "the side of the positional embedding (net.img_size / 14)");
}

void check_head(const HeadConfig& head, const BackboneConfig& backbone, bool positions,
                const std::string& origin, const std::string& name) {
  in_range(head.dim_in, 4, 2 * max_width, origin, name + ".dim_in");
  const int64_t width = backbone.embed_dim * (backbone.cat_token ? 2 : 1);
  check(head.dim_in == width, origin,
        name + ".dim_in is " + std::to_string(head.dim_in) + ", but the backbone's outputs are " +
            std::to_string(width) + " wide (net.embed_dim, twice with net.cat_token)");
  // The UV embedding puts sine and cosine of two coordinates into the channels.
  in_range(head.features, 8, max_width, origin, name + ".features");
  divides(positions ? 8 : 2, head.features, origin, name + ".features");
  for (const int64_t channels : head.out_channels) {
    in_range(channels, 1, max_width, origin, name + ".out_channels");
    if (positions) divides(4, channels, origin, name + ".out_channels");
  }
}

}  // namespace

void bad_config(const std::string& origin, const std::string& why, const std::string& remedy) {
  throw Error(DA3_E_MODEL, "cannot use " + origin + ": " + why + "; " + remedy);
}

std::string known_models() {
  std::string list;
  for (const std::string& name : published_names()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

int64_t feed_forward_dim(const BackboneConfig& backbone) {
  const int64_t wide = backbone.embed_dim * 4;
  return backbone.feed_forward == FeedForward::mlp ? wide : (wide * 2 / 3 + 7) / 8 * 8;
}

int64_t gaussian_channels(int64_t sh_degree) {
  return 2 + 3 + 4 + 3 * (sh_degree + 1) * (sh_degree + 1) + 1 + 1;
}

void check_net(const NetConfig& net, const std::string& origin) {
  check_backbone(net.backbone, origin);
  const bool dual = net.head.kind == HeadKind::dual_dpt;
  check_head(net.head, net.backbone, dual, origin, "head");
  const int64_t outputs = dual ? 2 : 1;
  check(net.head.output_dim == outputs, origin,
        "head.output_dim is " + std::to_string(net.head.output_dim) + ", but " +
            (dual ? "DualDPT has 2 (depth and confidence)" : "DPT has 1 (depth)"));
  if (net.camera) {
    check(net.camera->encoder_dim == net.backbone.embed_dim, origin,
          "cam_enc.dim_out is " + std::to_string(net.camera->encoder_dim) + ", not net.embed_dim");
    divides(camera_encoder_heads, net.camera->encoder_dim, origin, "cam_enc.dim_out");
    check(net.camera->decoder_dim == net.head.dim_in, origin,
          "cam_dec.dim_in is " + std::to_string(net.camera->decoder_dim) + ", not head.dim_in");
  }
  if (!net.gaussian) return;
  const GaussianConfig& gaussian = *net.gaussian;
  check_head(gaussian.head, net.backbone, true, origin, "gs_head");
  in_range(gaussian.sh_degree, 0, max_sh_degree, origin, "gs_adapter.sh_degree");
  check(gaussian.head.output_dim == gaussian_channels(gaussian.sh_degree), origin,
        "gs_head.output_dim is " + std::to_string(gaussian.head.output_dim) + ", but gs_adapter.sh_degree " +
            std::to_string(gaussian.sh_degree) + " needs " +
            std::to_string(gaussian_channels(gaussian.sh_degree)));
  check(gaussian.scale_min >= 0 && gaussian.scale_max > gaussian.scale_min && gaussian.scale_max <= 1e6,
        origin, "gs_adapter.gaussian_scale_min and gaussian_scale_max must ascend from 0 to at most 1e6");
}

void check_config(const ModelConfig& config, const std::string& origin) {
  check_net(config.net, origin);
  if (config.metric) check_net(*config.metric, origin);
}

}  // namespace da3::checkpoint
