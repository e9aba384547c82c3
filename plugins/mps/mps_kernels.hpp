// SPDX-License-Identifier: Apache-2.0
// Kernels for Metal: operands are contiguous, and no operation is larger than what Metal computes rightly or
// than the policy's budget. Nothing in here asks for the device: the same code runs on the host, for tests.
#pragma once

#include <atomic>

#include "engine_abi.hpp"
#include "mps/pieces.hpp"
#include "mps/shape_count.hpp"
#include "net/kernels.hpp"

namespace da3::mps {

class MpsKernels : public net::Kernels {
 public:
  /// usual.score_bytes is the policy's where it has one.
  explicit MpsKernels(const engine::Policy& policy, Pieces usual = {});

  void prepare(net::Linear& layer) const override;
  void prepare(net::Convolution& layer) const override;
  at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const override;
  at::Tensor gate(const at::Tensor& x) const override;

  /// For the attempts that follow, until use_usual_pieces(). False: they are the smallest already. [the
  /// optimizer's thread, as runs are]
  bool use_smaller_pieces() { return pieces_.shrink(); }
  void use_usual_pieces() { pieces_ = usual_; }

  /// Pieces of the attention that was cut into most so far; 0: none ran.
  int64_t most_attention_pieces() const { return most_attention_pieces_; }
  size_t shapes_seen() const { return shapes_.count(); }

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           net::Arithmetic arithmetic) const override;
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override;
  at::Tensor run_layer_norm(const at::Tensor& x, const net::Norm& norm) const override;

 private:
  at::Tensor convolve_views(const at::Tensor& x, const net::Convolution& layer) const;
  at::Tensor convolve_bands(const at::Tensor& view, const net::Convolution& layer) const;
  at::MemoryFormat format() const;

  bool channels_last_;
  Pieces usual_, pieces_;
  mutable std::atomic<int64_t> most_attention_pieces_{0};
  mutable ShapeCount shapes_;
};

}  // namespace da3::mps
