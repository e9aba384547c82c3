// SPDX-License-Identifier: Apache-2.0
// What a GPU computes in TF32, bfloat16 or float16, with the arithmetic that every CPU has: inputs and
// results are rounded where the device rounds them, products and sums are float32. Slow; for tests, and for
// seeing what a device would give.
#pragma once

#include "net/kernels.hpp"

namespace da3::net {

/// x rounded to TF32's 10 bits of mantissa, to nearest, ties to even; infinities and NaN stay. x: float32 on
/// the CPU -> a new tensor in the same memory format.
at::Tensor rounded_to_tf32(const at::Tensor& x);

class EmulatedKernels : public Kernels {
 public:
  /// int8_attention: what attention between int8 linears computes in, float32 or bfloat16.
  explicit EmulatedKernels(Arithmetic int8_attention = Arithmetic::float32)
      : int8_attention_(int8_attention) {}

  Arithmetic attention_arithmetic(Arithmetic arithmetic, int64_t) const override {
    return arithmetic == Arithmetic::int8 ? int8_attention_ : arithmetic;
  }
  void prepare(Linear& layer) const override;
  void prepare(Convolution& layer) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const Linear& layer, Activation activation) const override;
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           Arithmetic arithmetic) const override;
  at::Tensor run_convolution(const at::Tensor& x, const Convolution& layer,
                             Activation activation) const override;

 private:
  Arithmetic int8_attention_;
};

}  // namespace da3::net
