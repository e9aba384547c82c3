// SPDX-License-Identifier: Apache-2.0
#include "net/kernels.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include "net/operation_hook.hpp"
#include "net/operation_trace.hpp"

namespace da3::net {

namespace {

/// A convolution as the network asks for it: announced, in the layer's type, timed and told by its shapes.
/// run: of the input in that type; residuals: maps of the result's size that it adds.
template <class Run>
at::Tensor told_convolution(const at::Tensor& x, const Convolution& layer, int residuals, const Run& run) {
  OperationHook::call();
  TimedOperation timed;
  at::Tensor result = run(in_type(x, scalar_type(layer.arithmetic)));
  if (timed.listening())
    timed.was(kConvolutionKinds.of(layer.arithmetic),
              convolution_work(x, result, layer.size(), residuals, layer.arithmetic));
  return result;
}

/// grid: may be NULL.
at::Tensor told_upsample(const Kernels& kernels, const at::Tensor& x, int64_t height, int64_t width,
                         const GridEmbedding* grid) {
  TimedOperation timed;
  at::Tensor result =
      grid ? kernels.upsample_grid(x, height, width, *grid) : kernels.upsample(x, height, width);
  timed.was(grid ? "upsample_grid" : "upsample", {x.nbytes() + result.nbytes(), 0});
  return result;
}

}  // namespace

at::Tensor activate(at::Tensor x, Activation activation) {
  if (activation == Activation::relu) x.relu_();
  if (activation == Activation::gelu) at::gelu_(x);
  return x;
}

void add_to_residual(at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
  if (scale.defined())
    x.addcmul_(in_float32(y), scale);
  else
    x.add_(in_float32(y));
}

void Kernels::prepare(Linear&) const {}
void Kernels::prepare(Convolution&) const {}

at::Tensor Kernels::linear(const at::Tensor& x, const Linear& layer, Activation activation) const {
  OperationHook::call();
  TimedOperation timed;
  at::Tensor result = run_linear(in_type(x, scalar_type(layer.arithmetic)), layer, activation);
  if (timed.listening())
    timed.was(kLinearKinds.of(layer.arithmetic), linear_work(x, result, layer.arithmetic));
  return result;
}

at::Tensor Kernels::attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              Arithmetic arithmetic) const {
  OperationHook::call();
  TimedOperation timed;
  if (timed.listening())
    timed.was(kAttentionKinds.of(attention_arithmetic(arithmetic, q.size(-1))), attention_work(q, k));
  const at::ScalarType type = scalar_type(arithmetic);
  return run_attention(in_type(q, type), in_type(k, type), in_type(v, type), arithmetic);
}

at::Tensor Kernels::convolution(const at::Tensor& x, const Convolution& layer, Activation activation) const {
  return told_convolution(x, layer, 0,
                          [&](const at::Tensor& in) { return run_convolution(in, layer, activation); });
}

at::Tensor Kernels::convolution_of_relu(const at::Tensor& x, const Convolution& layer,
                                        Activation activation) const {
  return told_convolution(
      x, layer, 0, [&](const at::Tensor& in) { return run_convolution_of_relu(in, layer, activation); });
}

at::Tensor Kernels::convolution_add(const at::Tensor& x, const Convolution& layer,
                                    const at::Tensor& residual) const {
  return told_convolution(x, layer, 1, [&](const at::Tensor& in) {
    return run_convolution_add(in, layer, in_type(residual, in.scalar_type()));
  });
}

at::Tensor Kernels::layer_norm(const at::Tensor& x, const Norm& norm) const {
  OperationHook::call();
  const TimedOperation timed("layer_norm", x.nbytes() + sizeof(float) * static_cast<uint64_t>(x.numel()));
  return run_layer_norm(in_float32(x), norm);
}

at::Tensor Kernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  return at::upsample_bilinear2d(x, at::IntArrayRef{height, width}, /*align_corners=*/true);
}

at::Tensor Kernels::run_linear(const at::Tensor& x, const Linear& layer, Activation activation) const {
  return activate(at::linear(x, layer.weight, layer.bias), activation);
}

at::Tensor Kernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  Arithmetic) const {
  return at::scaled_dot_product_attention(q, k, v);
}

at::Tensor Kernels::run_convolution(const at::Tensor& x, const Convolution& layer,
                                    Activation activation) const {
  return activate(at::conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding), activation);
}

at::Tensor Kernels::run_convolution_of_relu(const at::Tensor& x, const Convolution& layer,
                                            Activation activation) const {
  return run_convolution(at::relu(x), layer, activation);
}

at::Tensor Kernels::run_convolution_add(const at::Tensor& x, const Convolution& layer,
                                        const at::Tensor& residual) const {
  return run_convolution(x, layer, Activation::none).add_(residual);
}

at::Tensor Kernels::run_layer_norm(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, norm.eps);
}

at::Tensor Kernels::layer_norm_for(const at::Tensor& x, const Norm& norm, Arithmetic) const {
  return layer_norm(x, norm);
}

QueriesKeys Kernels::qk_norm_rope(const at::Tensor& qkv, const QkNorm* norms, const TokenRotation& rotation,
                                  Arithmetic) const {
  QueriesKeys result{qkv.select(2, 0), qkv.select(2, 1)};
  if (norms) result = {layer_norm(result.q, norms->q), layer_norm(result.k, norms->k)};
  for (at::Tensor* side : {&result.q, &result.k}) {
    if (rotation.every || rotation.camera) *side = in_float32(*side);
    if (rotation.every) rotate_(*side, *rotation.every);
    if (rotation.camera) {
      at::Tensor cameras = side->unflatten(1, {-1, rotation.tokens_per_view}).select(2, 0);
      rotate_(cameras, *rotation.camera);
    }
  }
  return result;
}

at::Tensor Kernels::self_attention(const at::Tensor& qkv, const QkNorm* norms, const TokenRotation& rotation,
                                   Arithmetic arithmetic) const {
  const auto [q, k] = [&] {
    const TimedOperation timed("qk_norm_rope",
                               4 * sizeof(float) * static_cast<uint64_t>(qkv.select(2, 0).numel()));
    return qk_norm_rope(qkv, norms, rotation, arithmetic);
  }();
  const at::Tensor v = qkv.select(2, 2);
  const at::Tensor mixed = attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), arithmetic);
  return mixed.transpose(1, 2).reshape({qkv.size(0), qkv.size(1), qkv.size(3) * qkv.size(4)});
}

Arithmetic Kernels::attention_arithmetic(Arithmetic arithmetic, int64_t) const {
  return arithmetic == Arithmetic::int8 ? Arithmetic::float32 : arithmetic;
}

at::Tensor Kernels::add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                   const Norm& norm, Arithmetic) const {
  add_to_residual(x, delta, scale);
  return layer_norm(x, norm);
}

void Kernels::add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const {
  add_to_residual(x, delta, scale);
}

void Kernels::feed_forward_add(at::Tensor& x, const at::Tensor& normed, const Linear& expand,
                               const Linear& contract) const {
  const at::Tensor delta = linear(linear(normed, expand, Activation::gelu), contract);
  const TimedOperation timed("add", 3 * x.nbytes());
  add_residual(x, delta, contract.scale);
}

at::Tensor Kernels::gate(const at::Tensor& x) const {
  const auto halves = x.chunk(2, -1);
  return at::silu(halves[0]).mul_(halves[1]);
}

void Kernels::upsample_add_(at::Tensor& target, const at::Tensor& x) const {
  target.add_(upsample(x, target.size(2), target.size(3)));
}

at::Tensor Kernels::upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                                  const GridEmbedding& grid) const {
  at::Tensor result = upsample(x, height, width);
  at::Tensor map = result.permute({0, 2, 3, 1});
  add_grid_(map, grid);
  return result;
}

at::Tensor Kernels::convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                             const Convolution& layer) const {
  return convolution(told_upsample(*this, x, height, width, nullptr), layer);
}

std::vector<at::Tensor> Kernels::full_size_logits(const at::Tensor& x, int64_t height, int64_t width,
                                                  const GridEmbedding* grid,
                                                  const std::vector<FullSizeBranch>& branches) const {
  const at::Tensor full = told_upsample(*this, x, height, width, grid);
  std::vector<at::Tensor> results;
  for (const FullSizeBranch& branch : branches) {
    const at::Tensor hidden = convolution(full, branch.hidden, Activation::relu);
    results.push_back(linear(hidden.permute({0, 2, 3, 1}), branch.out));
  }
  return results;
}

}  // namespace da3::net
