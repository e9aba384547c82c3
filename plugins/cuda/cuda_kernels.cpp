// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_kernels.hpp"

#include <ATen/ops/_scaled_dot_product_cudnn_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>
#include <tuple>

#include "cuda/kernels/fused.hpp"
#include "engine/float32_switch.hpp"

namespace da3::cuda {

namespace {

using engine::Attention;

/// The fused attention kernels read heads in steps of 16 bytes.
constexpr int64_t kHeadAlignment = 16;

const char* name_of(Attention attention) {
  switch (attention) {
    case Attention::flash:
      return "flash";
    case Attention::cudnn:
      return "cudnn";
    default:
      return "efficient";
  }
}

/// These operators are called themselves instead of through scaled_dot_product_attention: it chooses by
/// switches that are global to the process, and falls back to the unfused kernel.
at::Tensor fused_attention(Attention kind, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale) {
  switch (kind) {
    case Attention::flash:
      return std::get<0>(at::_scaled_dot_product_flash_attention(q, k, v, 0.0, false, false, scale));
    case Attention::cudnn:
      return std::get<0>(
          at::_scaled_dot_product_cudnn_attention(q, k, v, std::nullopt, false, 0.0, false, false, scale));
    default:
      return std::get<0>(
          at::_scaled_dot_product_efficient_attention(q, k, v, std::nullopt, false, 0.0, false, scale));
  }
}

bool same_type(const at::Tensor& tensor, net::Arithmetic arithmetic) {
  return tensor.scalar_type() == net::scalar_type(arithmetic);
}

at::Float32Precision float32_precision(net::Arithmetic arithmetic) {
  return arithmetic == net::Arithmetic::tf32 ? at::Float32Precision::TF32 : at::Float32Precision::IEEE;
}

}  // namespace

Attention attention_for(at::ScalarType type, Attention wanted) {
  if (type == at::kFloat) return Attention::efficient;
  return wanted == Attention::flash || wanted == Attention::cudnn ? wanted : Attention::efficient;
}

net::QueriesKeys CudaKernels::qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                           const net::TokenRotation& rotation,
                                           net::Arithmetic arithmetic) const {
  const bool works = norms || rotation.every || rotation.camera;
  if (!works || !same_type(qkv, arithmetic) || !can_fuse_qk_norm_rope(qkv))
    return Kernels::qk_norm_rope(qkv, norms, rotation, arithmetic);
  return fused_qk_norm_rope(qkv, norms, rotation);
}

at::Tensor CudaKernels::layer_norm_for(const at::Tensor& x, const net::Norm& norm,
                                       net::Arithmetic next) const {
  const at::ScalarType type = net::scalar_type(next);
  // For float32 LibTorch's kernel does the same in one pass.
  if (type == at::kFloat || !can_fuse_layer_norm(x, type)) return Kernels::layer_norm_for(x, norm, next);
  return fused_layer_norm(x, norm, type);
}

at::Tensor CudaKernels::add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                       const net::Norm& norm, net::Arithmetic next) const {
  if (!same_type(delta, next) || !can_fuse_add_layer_norm(x, delta))
    return Kernels::add_layer_norm(x, delta, scale, norm, next);
  return fused_add_layer_norm(x, delta, scale, norm);
}

at::Tensor CudaKernels::gate(const at::Tensor& x) const {
  return can_fuse_gate(x) ? fused_gate(x) : Kernels::gate(x);
}

void CudaKernels::upsample_add_(at::Tensor& target, const at::Tensor& x) const {
  if (target.scalar_type() != x.scalar_type() || !can_fuse_upsample(target, target.size(2), target.size(3)) ||
      !can_fuse_upsample(x, target.size(2), target.size(3)))
    return Kernels::upsample_add_(target, x);
  fused_upsample_add_(target, x);
}

at::Tensor CudaKernels::upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                                      const net::GridEmbedding& grid) const {
  if (!can_fuse_upsample(x, height, width)) return Kernels::upsample_grid(x, height, width, grid);
  return fused_upsample_grid(x, height, width, grid);
}

at::Tensor CudaKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                   net::Activation activation) const {
  if (layer.weight.scalar_type() != at::kFloat) return Kernels::run_linear(x, layer, activation);
  return engine::with_float32_precision(at::Float32Op::MATMUL, float32_precision(layer.arithmetic),
                                        [&] { return Kernels::run_linear(x, layer, activation); });
}

at::Tensor CudaKernels::run_convolution(const at::Tensor& x, const net::Convolution& layer,
                                        net::Activation activation) const {
  if (layer.weight.scalar_type() != at::kFloat) return Kernels::run_convolution(x, layer, activation);
  return engine::with_float32_precision(at::Float32Op::CONV, float32_precision(layer.arithmetic),
                                        [&] { return Kernels::run_convolution(x, layer, activation); });
}

at::Tensor CudaKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                      net::Arithmetic arithmetic) const {
  if (!q.is_cuda()) return Kernels::run_attention(q, k, v, arithmetic);
  const Attention kind = attention_for(q.scalar_type(), attention_);
  (q.scalar_type() == at::kFloat ? used_float_ : used_half_) = kind;
  const int64_t d = q.size(-1), step = kHeadAlignment / static_cast<int64_t>(q.element_size());
  const double scale = 1.0 / std::sqrt(static_cast<double>(d));
  const auto attend = [&](const at::Tensor& a, const at::Tensor& b, const at::Tensor& c) {
    return engine::with_float32_precision(at::Float32Op::MATMUL, float32_precision(arithmetic),
                                          [&] { return fused_attention(kind, a, b, c, scale); });
  };
  if (d % step == 0) return attend(q, k, v);
  // Zeros change no product.
  const auto padded = [&](const at::Tensor& x) { return at::constant_pad_nd(x, {0, step - d % step}); };
  return attend(padded(q), padded(k), padded(v)).narrow(-1, 0, d);
}

std::string CudaKernels::attention_used() const {
  const Attention half = used_half_, single = used_float_;
  std::string text;
  if (half != Attention::by_engine) text = name_of(half);
  if (single != Attention::by_engine)
    text += text.empty() ? name_of(single) : std::string("; float32: ") + name_of(single);
  return text;
}

}  // namespace da3::cuda
