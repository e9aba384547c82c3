// SPDX-License-Identifier: Apache-2.0
// ATen's kernels where they are good; attention and norms of our own (simd/), and linears in 8-bit integers
// by the CPU's own instructions (VNNI, AMX).
#pragma once

#include "net/kernels.hpp"

namespace da3::cpu {

class CpuKernels : public net::Kernels {
 public:
  /// Quantises the weights of an int8 layer. Throws Error(DA3_E_UNSUPPORTED) where this CPU's integer
  /// products are not exact.
  void prepare(net::Linear& layer) const override;
  using net::Kernels::prepare;

  at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                            const net::Norm& norm, net::Arithmetic next) const override;
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

/// The same, but for the integer products, which are made in double: the int8 linears of any CPU, emulated.
class ExactInt8Kernels : public CpuKernels {
 public:
  void prepare(net::Linear& layer) const override;
  using CpuKernels::prepare;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
};

}  // namespace da3::cpu
