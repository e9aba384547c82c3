// SPDX-License-Identifier: Apache-2.0
// The few operations an engine may swap for its device. The network calls them and never asks which device it
// is on.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/layers.hpp"

namespace da3::net {

enum class Activation { none, relu, gelu };

/// Float32 kernels of ATen; an engine derives and overrides what its device does better.
class Kernels {
 public:
  virtual ~Kernels() = default;

  /// Called once for each layer while a model loads; may replace the weight by a layout of its own (then
  /// every use of the layer must be overridden too).
  virtual void prepare(Linear& layer) const;
  virtual void prepare(Convolution& layer) const;

  /// x [..., in] -> activation of [..., out].
  virtual at::Tensor linear(const at::Tensor& x, const Linear& layer,
                            Activation activation = Activation::none) const;
  /// Softmax attention of q [B, heads, Q, d] over k, v [B, heads, K, d]; last dimension contiguous. -> [B,
  /// heads, Q, d].
  virtual at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;
  /// x [V, C, H, W] in channels-last memory -> activation of the same.
  virtual at::Tensor convolution(const at::Tensor& x, const Convolution& layer,
                                 Activation activation = Activation::none) const;
  /// Convolution plus residual, which is left as it is.
  virtual at::Tensor convolution_add(const at::Tensor& x, const Convolution& layer,
                                     const at::Tensor& residual) const;
  /// Bilinear with aligned corners, x [V, C, H, W] in channels-last memory.
  virtual at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const;
  virtual at::Tensor layer_norm(const at::Tensor& x, const Norm& norm) const;
};

}  // namespace da3::net
