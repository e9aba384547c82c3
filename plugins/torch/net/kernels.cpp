// SPDX-License-Identifier: Apache-2.0
#include "net/kernels.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_bilinear2d.h>

namespace da3::net {

at::Tensor Kernels::linear(const at::Tensor& x, const Linear& layer) const {
  return at::linear(x, layer.weight, layer.bias);
}

at::Tensor Kernels::attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
  return at::scaled_dot_product_attention(q, k, v);
}

at::Tensor Kernels::convolution(const at::Tensor& x, const Convolution& layer) const {
  return at::conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding);
}

at::Tensor Kernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  return at::upsample_bilinear2d(x, at::IntArrayRef{height, width}, /*align_corners=*/true);
}

at::Tensor Kernels::layer_norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, norm.eps);
}

}  // namespace da3::net
