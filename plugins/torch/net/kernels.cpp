// SPDX-License-Identifier: Apache-2.0
#include "net/kernels.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_bilinear2d.h>

namespace da3::net {

namespace {

at::Tensor activate(at::Tensor x, Activation activation) {
  if (activation == Activation::relu) x.relu_();
  if (activation == Activation::gelu) at::gelu_(x);
  return x;
}

}  // namespace

void Kernels::prepare(Linear&) const {}
void Kernels::prepare(Convolution&) const {}

at::Tensor Kernels::linear(const at::Tensor& x, const Linear& layer, Activation activation) const {
  return activate(at::linear(x, layer.weight, layer.bias), activation);
}

at::Tensor Kernels::attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
  return at::scaled_dot_product_attention(q, k, v);
}

at::Tensor Kernels::convolution(const at::Tensor& x, const Convolution& layer, Activation activation) const {
  return activate(at::conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding), activation);
}

at::Tensor Kernels::convolution_add(const at::Tensor& x, const Convolution& layer,
                                    const at::Tensor& residual) const {
  return convolution(x, layer).add_(residual);
}

at::Tensor Kernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  return at::upsample_bilinear2d(x, at::IntArrayRef{height, width}, /*align_corners=*/true);
}

at::Tensor Kernels::layer_norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, norm.eps);
}

}  // namespace da3::net
