// SPDX-License-Identifier: Apache-2.0
#include "net/block.hpp"

namespace da3::net {

namespace {
constexpr double kQkNormEps = 1e-5;
}

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

void Block::run(at::Tensor& x, const TokenRotation& rotation, const Kernels& kernels) const {
  const at::Tensor normed =
      kernels.add_layer_norm(x, attend(kernels.layer_norm_for(x, norm1_, qkv_.arithmetic), rotation, kernels),
                             projection_.scale, norm2_, expand_.arithmetic);
  add_to_residual(x, feed_forward(normed, kernels), contract_.scale);
}

at::Tensor Block::attend(const at::Tensor& x, const TokenRotation& rotation, const Kernels& kernels) const {
  const int64_t sequences = x.size(0), tokens = x.size(1), channels = x.size(2);
  const int64_t head_dim = channels / shape_.heads;
  const at::Tensor qkv = kernels.linear(x, qkv_).view({sequences, tokens, 3, shape_.heads, head_dim});
  const auto [q, k] = kernels.qk_norm_rope(qkv, qk_norm_ ? &*qk_norm_ : nullptr, rotation, qkv_.arithmetic);
  const at::Tensor v = qkv.select(2, 2);
  const at::Tensor mixed =
      kernels.attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), qkv_.arithmetic);
  return kernels.linear(mixed.transpose(1, 2).reshape({sequences, tokens, channels}), projection_);
}

at::Tensor Block::feed_forward(const at::Tensor& x, const Kernels& kernels) const {
  if (shape_.feed_forward == checkpoint::FeedForward::swiglu)
    return kernels.linear(kernels.gate(kernels.linear(x, expand_)), contract_);
  return kernels.linear(kernels.linear(x, expand_, Activation::gelu), contract_);
}

}  // namespace da3::net
