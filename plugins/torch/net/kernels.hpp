// SPDX-License-Identifier: Apache-2.0
// The few operations an engine may swap for its device. The network calls them and never asks which device it
// is on.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/layers.hpp"

namespace da3::net {

/// Float32 kernels of ATen; an engine derives and overrides what its device does better.
class Kernels {
 public:
  virtual ~Kernels() = default;

  /// x [..., in] -> [..., out].
  virtual at::Tensor linear(const at::Tensor& x, const Linear& layer) const;
  /// Softmax attention of q [B, heads, Q, d] over k, v [B, heads, K, d]; last dimension contiguous. -> [B,
  /// heads, Q, d].
  virtual at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;
  /// x [V, C, H, W] in channels-last memory -> the same.
  virtual at::Tensor convolution(const at::Tensor& x, const Convolution& layer) const;
  /// Bilinear with aligned corners, x [V, C, H, W] in channels-last memory.
  virtual at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const;
  virtual at::Tensor layer_norm(const at::Tensor& x, const Norm& norm) const;
};

}  // namespace da3::net
