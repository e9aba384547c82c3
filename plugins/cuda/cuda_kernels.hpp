// SPDX-License-Identifier: Apache-2.0
// Kernels of the cuda engine: fused ones of our own, the attention that the policy names, TF32 by layer.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine_abi.hpp"
#include "net/kernels.hpp"

namespace da3::cuda {

/// On tensors of the host everything but the attention runs the same code, and attention is ATen's: so the
/// whole class is tested without a GPU.
class CudaKernels : public net::Kernels {
 public:
  explicit CudaKernels(const engine::Policy& policy) : attention_(policy.attention) {}

  net::QueriesKeys qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                const net::TokenRotation& rotation,
                                net::Arithmetic arithmetic) const override;
  at::Tensor layer_norm_for(const at::Tensor& x, const net::Norm& norm, net::Arithmetic next) const override;
  at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                            const net::Norm& norm, net::Arithmetic next) const override;
  at::Tensor gate(const at::Tensor& x) const override;
  void upsample_add_(at::Tensor& target, const at::Tensor& x) const override;
  at::Tensor upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                           const net::GridEmbedding& grid) const override;

  /// The attention kernels that ran so far: "flash", "flash; float32: efficient", "" before the first run.
  std::string attention_used() const;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           net::Arithmetic arithmetic) const override;
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override;

 private:
  engine::Attention attention_;
  mutable std::atomic<engine::Attention> used_half_{engine::Attention::by_engine};
  mutable std::atomic<engine::Attention> used_float_{engine::Attention::by_engine};
};

/// The attention for tensors of a type: what the policy names where it can, the memory-efficient one for
/// float32. Never the unfused one: its scores of a few thousand tokens take gigabytes.
engine::Attention attention_for(at::ScalarType type, engine::Attention wanted);

}  // namespace da3::cuda
