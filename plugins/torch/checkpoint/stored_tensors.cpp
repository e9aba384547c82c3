// SPDX-License-Identifier: Apache-2.0
// The names and shapes of a checkpoint's tensors, as upstream's modules register them.
#include <algorithm>
#include <string>

#include "checkpoint/config_checks.hpp"
#include "checkpoint/model_config.hpp"

namespace da3::checkpoint {
namespace {

using Shape = std::vector<int64_t>;

constexpr int64_t patch = 14;
constexpr int64_t hidden = 32;  // channels before a head's last convolution
constexpr int64_t camera_blocks = 4, camera_values = 9;

class Lister {
 public:
  std::vector<TensorSpec> take() {
    std::sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(tensors_);
  }

  void add_net(const NetConfig& net) {
    backbone(net.prefix + "backbone.pretrained.", net.backbone);
    if (net.camera) camera(net.prefix, *net.camera);
    pyramid(net.prefix + "head.", net.head);
    if (net.head.kind == HeadKind::dual_dpt) {
      norm(net.prefix + "head.norm", net.head.dim_in);
      rays(net.prefix + "head.scratch.", net.head.features);
    } else {
      output_conv2(net.prefix + "head.scratch.sky_output_conv2.", net.head.features, 1);
    }
    if (net.gaussian) gaussians(net.prefix + "gs_head.", net.gaussian->head);
  }

 private:
  void add(const std::string& name, Shape shape) { tensors_.push_back({name, std::move(shape)}); }

  void weight_and_bias(const std::string& name, Shape weight, int64_t bias) {
    add(name + ".weight", std::move(weight));
    add(name + ".bias", {bias});
  }
  void norm(const std::string& name, int64_t dim) { weight_and_bias(name, {dim}, dim); }
  void linear(const std::string& name, int64_t in, int64_t out) { weight_and_bias(name, {out, in}, out); }
  void conv(const std::string& name, int64_t in, int64_t out, int64_t kernel) {
    weight_and_bias(name, {out, in, kernel, kernel}, out);
  }

  // A pre-norm attention block with layer scale; mlp_dim is the hidden width, qk_norm_dim 0 means none.
  void block(const std::string& name, int64_t dim, int64_t mlp_dim, bool swiglu, int64_t qk_norm_dim) {
    norm(name + "norm1", dim);
    linear(name + "attn.qkv", dim, 3 * dim);
    linear(name + "attn.proj", dim, dim);
    if (qk_norm_dim > 0) {
      norm(name + "attn.q_norm", qk_norm_dim);
      norm(name + "attn.k_norm", qk_norm_dim);
    }
    add(name + "ls1.gamma", {dim});
    norm(name + "norm2", dim);
    linear(name + (swiglu ? "mlp.w12" : "mlp.fc1"), dim, swiglu ? 2 * mlp_dim : mlp_dim);
    linear(name + (swiglu ? "mlp.w3" : "mlp.fc2"), mlp_dim, dim);
    add(name + "ls2.gamma", {dim});
  }

  void backbone(const std::string& name, const BackboneConfig& net) {
    const int64_t dim = net.embed_dim;
    add(name + "cls_token", {1, 1, dim});
    if (net.alt_start != -1) add(name + "camera_token", {1, 2, dim});
    add(name + "pos_embed", {1, 1 + net.pos_embed_side * net.pos_embed_side, dim});
    conv(name + "patch_embed.proj", 3, dim, patch);
    for (int64_t i = 0; i < net.depth; ++i) {
      const bool qk_norm = net.qknorm_start != -1 && i >= net.qknorm_start;
      block(name + "blocks." + std::to_string(i) + ".", dim, feed_forward_dim(net),
            net.feed_forward == FeedForward::swiglu, qk_norm ? dim / net.num_heads : 0);
    }
    norm(name + "norm", dim);
  }

  void camera(const std::string& prefix, const CameraConfig& camera) {
    const int64_t dim = camera.encoder_dim;
    for (int64_t i = 0; i < camera_blocks; ++i)
      block(prefix + "cam_enc.trunk." + std::to_string(i) + ".", dim, 4 * dim, false, 0);
    norm(prefix + "cam_enc.token_norm", dim);
    norm(prefix + "cam_enc.trunk_norm", dim);
    linear(prefix + "cam_enc.pose_branch.fc1", camera_values, dim / 2);
    linear(prefix + "cam_enc.pose_branch.fc2", dim / 2, dim);
    linear(prefix + "cam_dec.backbone.0", camera.decoder_dim, camera.decoder_dim);
    linear(prefix + "cam_dec.backbone.2", camera.decoder_dim, camera.decoder_dim);
    linear(prefix + "cam_dec.fc_t", camera.decoder_dim, 3);
    linear(prefix + "cam_dec.fc_qvec", camera.decoder_dim, 4);
    linear(prefix + "cam_dec.fc_fov.0", camera.decoder_dim, 2);
  }

  // What DualDPT, DPT and GSDPT have in common.
  void pyramid(const std::string& name, const HeadConfig& head) {
    const auto& channels = head.out_channels;
    for (size_t i = 0; i < 4; ++i) conv(name + "projects." + std::to_string(i), head.dim_in, channels[i], 1);
    conv(name + "resize_layers.0", channels[0], channels[0], 4);
    conv(name + "resize_layers.1", channels[1], channels[1], 2);
    conv(name + "resize_layers.3", channels[3], channels[3], 3);
    const std::string scratch = name + "scratch.";
    for (size_t i = 0; i < 4; ++i)
      add(scratch + "layer" + std::to_string(i + 1) + "_rn.weight", {head.features, channels[i], 3, 3});
    refinement(scratch, "", head.features);
    conv(scratch + "output_conv1", head.features, head.features / 2, 3);
    output_conv2(scratch + "output_conv2.", head.features, head.output_dim);
  }

  void refinement(const std::string& scratch, const std::string& suffix, int64_t features) {
    for (int level = 1; level <= 4; ++level) {
      const std::string name = scratch + "refinenet" + std::to_string(level) + suffix + ".";
      conv(name + "out_conv", features, features, 1);
      for (int unit = level == 4 ? 2 : 1; unit <= 2; ++unit) {
        conv(name + "resConfUnit" + std::to_string(unit) + ".conv1", features, features, 3);
        conv(name + "resConfUnit" + std::to_string(unit) + ".conv2", features, features, 3);
      }
    }
  }

  void output_conv2(const std::string& name, int64_t features, int64_t outputs) {
    conv(name + "0", features / 2, hidden, 3);
    conv(name + "2", hidden, outputs, 1);
  }

  // DualDPT's second branch. Its four levels share one LayerNorm, which is stored under the first.
  void rays(const std::string& scratch, int64_t features) {
    refinement(scratch, "_aux", features);
    for (int level = 0; level < 4; ++level) {
      const std::string first = scratch + "output_conv1_aux." + std::to_string(level) + ".";
      for (int i = 0; i < 5; ++i) {
        const int64_t in = i % 2 == 0 ? features : features / 2;
        conv(first + std::to_string(i), in, features / 2 + features - in, 3);
      }
      const std::string second = scratch + "output_conv2_aux." + std::to_string(level) + ".";
      conv(second + "0", features / 2, hidden, 3);
      if (level == 0) norm(second + "2", hidden);
      conv(second + "5", hidden, 7, 1);
    }
  }

  void gaussians(const std::string& name, const HeadConfig& head) {
    pyramid(name, head);
    const int64_t features = head.features / 2;
    conv(name + "images_merger.0", 3, features / 4, 3);
    conv(name + "images_merger.2", features / 4, features / 2, 3);
    conv(name + "images_merger.4", features / 2, features, 3);
  }

  std::vector<TensorSpec> tensors_;
};

}  // namespace

int64_t TensorSpec::elements() const {
  int64_t product = 1;
  for (const int64_t size : shape) product *= size;
  return product;
}

std::vector<TensorSpec> stored_tensors(const ModelConfig& config) {
  check_config(config, "the configuration of " + config.name);
  Lister lister;
  lister.add_net(config.net);
  if (config.metric) lister.add_net(*config.metric);
  return lister.take();
}

}  // namespace da3::checkpoint
