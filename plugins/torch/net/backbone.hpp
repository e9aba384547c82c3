// SPDX-License-Identifier: Apache-2.0
// DINOv2 vision transformer (https://arxiv.org/abs/2304.07193) with DA3's alternating attention: from block
// alt_start on, odd blocks attend over all views of a scene, even ones within a view.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "net/block.hpp"
#include "net/reference_view.hpp"
#include "net/run_control.hpp"

namespace da3::net {

constexpr int64_t kPatch = 14;
/// From this many views on, and without given poses, the reference view is chosen.
constexpr int64_t kViewsForReference = 3;

/// What depends on the image size alone, made once per size.
struct BackboneGeometry {
  int64_t rows = 0, columns = 0;  ///< patches
  at::Tensor positions;           ///< [rows*columns, C]
  at::Tensor class_row;           ///< [C], class token with its position
  Rotation local, camera;         ///< empty without rotary embedding
  uint64_t bytes() const;
};

struct BackboneResult {
  /// Per out_layer: patch tokens [B*S, P, C or 2C]; the second half (or all) through the final norm.
  std::vector<at::Tensor> layers;
  /// Token 0 of the last out_layer before that norm: [B, S, C or 2C].
  at::Tensor camera_tokens;
  /// Asked-for features: patch tokens [B, S, rows, columns, C] after the block, through the final norm.
  std::map<int64_t, at::Tensor> features;

  /// Of all values of the layers, on the device.
  at::Tensor sum() const;
};

class Backbone {
 public:
  Backbone(const WeightReader& weights, const checkpoint::BackboneConfig& config);

  BackboneGeometry geometry(int64_t rows, int64_t columns) const;

  struct Request {
    ReferenceStrategy reference = ReferenceStrategy::saddle_balanced;
    std::vector<int64_t> features;  ///< block indices
    at::Tensor given_cameras;       ///< encoded poses [B, S, C], or undefined
  };
  /// image: uint8 [B, S, H, W, 3] on the device.
  BackboneResult run(const at::Tensor& image, const Request& request, const BackboneGeometry& geometry,
                     const Kernels& kernels, const RunControl& control) const;

  const checkpoint::BackboneConfig& config() const { return config_; }

 private:
  at::Tensor embed(const at::Tensor& image, const BackboneGeometry& geometry, const Kernels& kernels,
                   const RunControl& control) const;
  bool global_block(int64_t i) const;  ///< attends over all views of a scene
  /// Whether more than attention is read from each view's first token in or after block i.
  bool reads_cameras(int64_t i, int64_t views) const;
  void place_cameras(at::Tensor& tokens, const at::Tensor& given) const;
  at::Tensor finish_layer(const at::Tensor& local, const at::Tensor& tokens, const Kernels& kernels) const;

  checkpoint::BackboneConfig config_;
  Linear patch_;  ///< on uint8 patches in (y, x, colour) order, ImageNet normalisation folded in
  at::Tensor stored_positions_, class_token_, camera_tokens_;
  std::vector<Block> blocks_;
  Norm norm_;
};

}  // namespace da3::net
