// SPDX-License-Identifier: Apache-2.0
// The few operations an engine may swap for its device. The network calls them and never asks which device it
// is on.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/layers.hpp"

namespace da3::net {

enum class Activation { none, relu, gelu };

/// In place, of any floating type.
at::Tensor activate(at::Tensor x, Activation activation);

/// ATen's kernels; an engine derives and overrides what its device does better. The network calls the public
/// functions, which cast each input to what the precision contract asks for, on every device alike; the
/// virtual ones get tensors of that type.
class Kernels {
 public:
  virtual ~Kernels() = default;

  /// Called once for each layer while a model loads; may replace the weight by a layout of its own (then
  /// every use of the layer must be overridden too).
  virtual void prepare(Linear& layer) const;
  virtual void prepare(Convolution& layer) const;

  /// x [..., in] -> activation of [..., out], in the type of the layer's arithmetic. LayerScale is not
  /// applied.
  at::Tensor linear(const at::Tensor& x, const Linear& layer, Activation activation = Activation::none) const;
  /// Softmax attention of q [B, heads, Q, d] over k, v [B, heads, K, d]; last dimension contiguous. -> [B,
  /// heads, Q, d] in the type of arithmetic. The softmax is float32 in every arithmetic.
  at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       Arithmetic arithmetic = Arithmetic::float32) const;
  /// x [V, C, H, W] in channels-last memory -> activation of the same, in the type of the layer's arithmetic.
  at::Tensor convolution(const at::Tensor& x, const Convolution& layer,
                         Activation activation = Activation::none) const;
  /// Convolution plus residual, which is left as it is.
  at::Tensor convolution_add(const at::Tensor& x, const Convolution& layer, const at::Tensor& residual) const;
  /// Bilinear with aligned corners, x [V, C, H, W] in channels-last memory, of any floating type.
  virtual at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const;
  /// Of x in any floating type -> float32.
  at::Tensor layer_norm(const at::Tensor& x, const Norm& norm) const;

 protected:
  virtual at::Tensor run_linear(const at::Tensor& x, const Linear& layer, Activation activation) const;
  virtual at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   Arithmetic arithmetic) const;
  virtual at::Tensor run_convolution(const at::Tensor& x, const Convolution& layer,
                                     Activation activation) const;
  virtual at::Tensor run_convolution_add(const at::Tensor& x, const Convolution& layer,
                                         const at::Tensor& residual) const;
  virtual at::Tensor run_layer_norm(const at::Tensor& x, const Norm& norm) const;
};

}  // namespace da3::net
