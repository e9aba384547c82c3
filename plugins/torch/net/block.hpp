// SPDX-License-Identifier: Apache-2.0
// A transformer block: x + proj(attention(norm1 x)), then x + feed_forward(norm2 x), each scaled by
// LayerScale. x, norms and rotations are float32; linears and attention have the arithmetic of the weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "checkpoint/model_config.hpp"
#include "net/camera_rows.hpp"
#include "net/kernels.hpp"
#include "net/layers.hpp"
#include "net/rope.hpp"

namespace da3::net {

class Block {
 public:
  struct Shape {
    int64_t heads = 1;
    bool qk_norm = false;
    checkpoint::FeedForward feed_forward = checkpoint::FeedForward::mlp;
    double norm_eps = 1e-6;
  };

  Block(const WeightReader& weights, const Shape& shape);

  /// x float32 [sequences, tokens, C] is updated in place. tokens_per_view: where cameras are read from each
  /// view's first token, else 0.
  void run(at::Tensor& x, const TokenRotation& rotation, const Kernels& kernels,
           int64_t tokens_per_view = 0) const;

 private:
  at::Tensor attend(at::Tensor x, const TokenRotation& rotation, const Kernels& kernels,
                    const CameraRows& cameras) const;
  at::Tensor gated_feed_forward(const at::Tensor& x, const Kernels& kernels) const;
  at::Tensor feed_forward_of(const at::Tensor& rows, const Kernels& kernels, const CameraRows& cameras) const;

  Shape shape_;
  Norm norm1_, norm2_;
  Linear qkv_, projection_;
  std::optional<QkNorm> qk_norm_;
  Linear expand_, contract_;  ///< fc1 and fc2, or w12 and w3
};

}  // namespace da3::net
