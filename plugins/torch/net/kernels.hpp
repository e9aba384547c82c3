// SPDX-License-Identifier: Apache-2.0
// The few operations an engine may swap for its device. The network calls them and never asks which device it
// is on.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "net/layers.hpp"
#include "net/positional.hpp"
#include "net/rope.hpp"

namespace da3::net {

/// What attention compares: [sequences, tokens, heads, d] each, last dimension contiguous.
struct QueriesKeys {
  at::Tensor q, k;
};

enum class Activation { none, relu, gelu };

/// In place, of any floating type.
at::Tensor activate(at::Tensor x, Activation activation);

/// x += y, times scale [C] where it is defined, in float32.
void add_to_residual(at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);

/// A 3x3 convolution with ReLU and a linear on its result: from full-size features to what a pixel is worth.
struct FullSizeBranch {
  const Convolution& hidden;
  const Linear& out;
};

/// Of an attention head of every published backbone.
inline constexpr int64_t kHeadChannels = 64;

/// ATen's kernels; an engine derives and overrides what its device does better. The network calls the public
/// functions, which cast each input to what the precision contract asks for, on every device alike; the
/// virtual ones get tensors of that type.
class Kernels {
 public:
  virtual ~Kernels() = default;

  /// Called once for each layer while a model loads; may replace the weight by a layout of its own (then
  /// every use of the layer must be overridden too).
  virtual void prepare(Linear& layer) const;
  virtual void prepare(Convolution& layer) const;

  /// x [..., in] -> activation of [..., out], in the type of the layer's arithmetic. LayerScale is not
  /// applied.
  at::Tensor linear(const at::Tensor& x, const Linear& layer, Activation activation = Activation::none) const;
  /// Softmax attention of q [B, heads, Q, d] over k, v [B, heads, K, d]; last dimension contiguous. -> [B,
  /// heads, Q, d] in the type of arithmetic. The softmax is float32 in every arithmetic.
  at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       Arithmetic arithmetic = Arithmetic::float32) const;
  /// x [V, C, H, W] in channels-last memory -> activation of the same, in the type of the layer's arithmetic.
  at::Tensor convolution(const at::Tensor& x, const Convolution& layer,
                         Activation activation = Activation::none) const;
  /// The convolution of x's ReLU; x is left as it is.
  at::Tensor convolution_of_relu(const at::Tensor& x, const Convolution& layer,
                                 Activation activation = Activation::none) const;
  /// Convolution plus residual, which is left as it is.
  at::Tensor convolution_add(const at::Tensor& x, const Convolution& layer, const at::Tensor& residual) const;
  /// Bilinear with aligned corners, x [V, C, H, W] in channels-last memory, of any floating type.
  virtual at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const;
  /// Of x in any floating type -> float32.
  at::Tensor layer_norm(const at::Tensor& x, const Norm& norm) const;

  /// The same, in float32 or already in the type of the arithmetic that reads it.
  virtual at::Tensor layer_norm_for(const at::Tensor& x, const Norm& norm, Arithmetic next) const;

  // Pairs of steps that a device can do in one pass over memory. By default the steps above, one by one.

  /// Queries and keys of qkv [sequences, tokens, 3, heads, d]: normalised where norms are given (else NULL),
  /// then turned, in float32; of any type, since attention casts. May overwrite qkv's queries and keys.
  /// arithmetic: of the attention that follows.
  virtual QueriesKeys qk_norm_rope(const at::Tensor& qkv, const QkNorm* norms, const TokenRotation& rotation,
                                   Arithmetic arithmetic) const;
  /// Attention of such a qkv over itself, by the two steps: [sequences, tokens, heads * d] in the type of the
  /// arithmetic.
  virtual at::Tensor self_attention(const at::Tensor& qkv, const QkNorm* norms, const TokenRotation& rotation,
                                    Arithmetic arithmetic) const;
  /// What attention of heads of so many channels computes in where the linears around it compute in
  /// `arithmetic`, whose type its tensors have: the same, but there is none in int8. By default float32
  /// there.
  virtual Arithmetic attention_arithmetic(Arithmetic arithmetic, int64_t head_channels) const;
  /// Adds delta, times scale [C] where it is defined, to the residual stream x in place, in float32; the norm
  /// of the sum, in float32 or already in the type of the arithmetic that reads it.
  virtual at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                    const Norm& norm, Arithmetic next) const;
  /// Only that sum.
  virtual void add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const;
  /// x += contract(gelu(expand(normed))), times contract's LayerScale where it has one, in place, in float32.
  virtual void feed_forward_add(at::Tensor& x, const at::Tensor& normed, const Linear& expand,
                                const Linear& contract) const;
  /// SwiGLU's gate: silu of the first half of the channels times the second, in x's type; x [..., 2 C].
  virtual at::Tensor gate(const at::Tensor& x) const;
  /// Adds x, upsampled to target's size, to target in place; both [V, C, H, W] in channels-last memory.
  virtual void upsample_add_(at::Tensor& target, const at::Tensor& x) const;
  /// x upsampled, plus a grid embedding of that size.
  virtual at::Tensor upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                                   const GridEmbedding& grid) const;
  /// The convolution of x upsampled to that size.
  virtual at::Tensor convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                              const Convolution& layer) const;
  /// The end of a depth head: x [V, C, h, w] in channels-last memory, upsampled, plus a grid embedding of
  /// that size (NULL: none), through each of the branches. -> [V, height, width, out] each, in any memory
  /// order.
  virtual std::vector<at::Tensor> full_size_logits(const at::Tensor& x, int64_t height, int64_t width,
                                                   const GridEmbedding* grid,
                                                   const std::vector<FullSizeBranch>& branches) const;

 protected:
  virtual at::Tensor run_linear(const at::Tensor& x, const Linear& layer, Activation activation) const;
  virtual at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   Arithmetic arithmetic) const;
  virtual at::Tensor run_convolution(const at::Tensor& x, const Convolution& layer,
                                     Activation activation) const;
  virtual at::Tensor run_convolution_of_relu(const at::Tensor& x, const Convolution& layer,
                                             Activation activation) const;
  virtual at::Tensor run_convolution_add(const at::Tensor& x, const Convolution& layer,
                                         const at::Tensor& residual) const;
  virtual at::Tensor run_layer_norm(const at::Tensor& x, const Norm& norm) const;
};

}  // namespace da3::net
