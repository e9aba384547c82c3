// SPDX-License-Identifier: Apache-2.0
// ATen's kernels where they are good; attention, norms, upsampling and linears in 8-bit integers of our own
// (simd/).
#pragma once

#include "net/kernels.hpp"

namespace da3::cpu {

class CpuKernels : public net::Kernels {
 public:
  /// Packs the weight of an int8 layer in 8 bits.
  void prepare(net::Linear& layer) const override;
  using net::Kernels::prepare;

  at::Tensor layer_norm_for(const at::Tensor& x, const net::Norm& norm, net::Arithmetic next) const override;
  at::Tensor self_attention(const at::Tensor& qkv, const net::QkNorm* norms,
                            const net::TokenRotation& rotation, net::Arithmetic arithmetic) const override;
  /// In int8 bfloat16 where it is native: it errs far less than the linears do.
  net::Arithmetic attention_arithmetic(net::Arithmetic arithmetic, int64_t head_channels) const override;
  at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                            const net::Norm& norm, net::Arithmetic next) const override;
  void add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const override;
  void feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                        const net::Linear& contract) const override;
  at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const override;
  void upsample_add_(at::Tensor& target, const at::Tensor& x) const override;
  at::Tensor upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                           const net::GridEmbedding& grid) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  /// The result lies as [B, Q, heads, d]: its channels are those that the next linear reads.
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           net::Arithmetic arithmetic) const override;
  at::Tensor run_layer_norm(const at::Tensor& x, const net::Norm& norm) const override;
};

/// The same, but for the int8 linears, which are those of net/int8.hpp with products in double: to compare
/// with.
class ExactInt8Kernels : public CpuKernels {
 public:
  void prepare(net::Linear& layer) const override;
  using CpuKernels::prepare;
  void feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                        const net::Linear& contract) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
};

}  // namespace da3::cpu
