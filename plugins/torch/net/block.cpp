// SPDX-License-Identifier: Apache-2.0
#include "net/block.hpp"

#include <ATen/TensorOperators.h>

#include <utility>

#include "net/operation_trace.hpp"

namespace da3::net {

namespace {
constexpr double kQkNormEps = 1e-5;

/// Of the float32 values of x, each read or written `passes` times.
uint64_t float_bytes(const at::Tensor& x, uint64_t passes) {
  return passes * sizeof(float) * static_cast<uint64_t>(x.numel());
}

}  // namespace

Block::Block(const WeightReader& weights, const Shape& shape)
    : shape_(shape),
      norm1_(weights.norm("norm1", shape.norm_eps)),
      norm2_(weights.norm("norm2", shape.norm_eps)),
      qkv_(weights.linear("attn.qkv")),
      projection_(weights.scaled_linear("attn.proj", "ls1.gamma")) {
  if (shape.qk_norm)
    qk_norm_ = {weights.norm("attn.q_norm", kQkNormEps), weights.norm("attn.k_norm", kQkNormEps)};
  const bool gated = shape.feed_forward == checkpoint::FeedForward::swiglu;
  expand_ = weights.linear(gated ? "mlp.w12" : "mlp.fc1");
  contract_ = weights.scaled_linear(gated ? "mlp.w3" : "mlp.fc2", "ls2.gamma");
}

void Block::run(at::Tensor& x, const TokenRotation& rotation, const Kernels& kernels,
                int64_t tokens_per_view) const {
  const CameraRows cameras(kernels, tokens_per_view, qkv_.arithmetic);
  at::Tensor normed = [&] {
    const TimedOperation timed("layer_norm", float_bytes(x, 2));
    return kernels.layer_norm_for(x, norm1_, qkv_.arithmetic);
  }();
  {
    const at::Tensor mixed = attend(std::move(normed), rotation, kernels, cameras);
    const TimedOperation timed("add_layer_norm", float_bytes(x, 4));
    normed = kernels.add_layer_norm(x, mixed, projection_.scale, norm2_, expand_.arithmetic);
  }
  // All rows take the fast way; those of the cameras are then put in.
  at::Tensor camera_sums;
  if (cameras.any()) camera_sums = cameras.of(x) + feed_forward_of(cameras.of(normed), kernels, cameras);
  if (shape_.feed_forward == checkpoint::FeedForward::mlp) {
    kernels.feed_forward_add(x, normed, expand_, contract_);
  } else {
    const at::Tensor delta = gated_feed_forward(normed, kernels);
    const TimedOperation timed("add", float_bytes(x, 3));
    kernels.add_residual(x, delta, contract_.scale);
  }
  if (cameras.any()) cameras.of(x).copy_(camera_sums);
}

// What was read is freed at once: these tensors are the most that a run holds.
at::Tensor Block::attend(at::Tensor x, const TokenRotation& rotation, const Kernels& kernels,
                         const CameraRows& cameras) const {
  const int64_t sequences = x.size(0), tokens = x.size(1), channels = x.size(2);
  const int64_t head_dim = channels / shape_.heads;
  at::Tensor qkv = kernels.linear(x, qkv_);
  cameras.refine(qkv, x, qkv_);
  x.reset();
  qkv = qkv.view({sequences, tokens, 3, shape_.heads, head_dim});
  const at::Tensor attended =
      kernels.self_attention(qkv, qk_norm_ ? &*qk_norm_ : nullptr, rotation, qkv_.arithmetic);
  qkv.reset();
  at::Tensor mixed = kernels.linear(attended, projection_);
  cameras.refine(mixed, attended, projection_);
  return mixed;
}

at::Tensor Block::gated_feed_forward(const at::Tensor& x, const Kernels& kernels) const {
  at::Tensor hidden = kernels.linear(x, expand_);
  {
    const TimedOperation timed("gate", hidden.nbytes() + hidden.nbytes() / 2);
    hidden = kernels.gate(hidden);
  }
  return kernels.linear(hidden, contract_);
}

at::Tensor Block::feed_forward_of(const at::Tensor& rows, const Kernels& kernels,
                                  const CameraRows& cameras) const {
  const at::Tensor hidden = cameras.linear(rows, expand_);
  const bool gated = shape_.feed_forward == checkpoint::FeedForward::swiglu;
  return cameras.linear(gated ? kernels.gate(hidden) : activate(hidden, Activation::gelu), contract_);
}

}  // namespace da3::net
