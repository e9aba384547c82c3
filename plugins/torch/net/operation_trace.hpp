// SPDX-License-Identifier: Apache-2.0
// What single operations of a run take, beside what they have to do by their shapes (da3/trace.h): so rates
// can be told, and what a faster kernel would gain.
#pragma once

#include <ATen/core/Tensor.h>
#include <da3/sdk/trace.hpp>

#include <cstdint>

#include "net/layers.hpp"

namespace da3::net {

/// Values read and written, each once, in bytes; multiplications and additions of the plain algorithm.
struct Work {
  uint64_t bytes = 0, flops = 0;
};

/// x [..., in] -> result [..., out]; weights in the arithmetic.
Work linear_work(const at::Tensor& x, const at::Tensor& result, Arithmetic arithmetic);
/// q [B, heads, Q, d], k and v [B, heads, K, d]. The softmax is not counted.
Work attention_work(const at::Tensor& q, const at::Tensor& k);
/// x [V, C, H, W], kernels of size x size; residuals: maps of the result's size that are added.
Work convolution_work(const at::Tensor& x, const at::Tensor& result, int64_t size, int residuals,
                      Arithmetic arithmetic);

/// While it lives, operations of this thread are reported to a trace that wants them.
class OperationTrace {
 public:
  explicit OperationTrace(const sdk::Trace& trace);
  ~OperationTrace();
  OperationTrace(const OperationTrace&) = delete;

 private:
  const sdk::Trace* outer_;
};

/// An operation as long as it lives, once it is told what it was. One within another is not reported: its
/// time is the other's.
class TimedOperation {
 public:
  TimedOperation();
  /// A pass over memory that reads and writes so many bytes; kind: a literal.
  TimedOperation(const char* kind, uint64_t bytes);
  ~TimedOperation();
  TimedOperation(const TimedOperation&) = delete;

  bool listening() const { return trace_ != nullptr; }
  void was(const char* kind, Work work) { kind_ = kind, work_ = work; }

 private:
  const sdk::Trace* trace_;  ///< NULL: nobody listens, or an operation is around this one
  const char* kind_ = nullptr;
  Work work_;
  uint64_t begin_ = 0;
};

/// "linear float32" and so on; kinds: of each arithmetic in its order, literals.
struct OperationKinds {
  const char *float32, *tf32, *bfloat16, *float16, *int8;
  const char* of(Arithmetic arithmetic) const;
};
inline constexpr OperationKinds kLinearKinds{"linear float32", "linear tf32", "linear bfloat16",
                                             "linear float16", "linear int8"};
inline constexpr OperationKinds kConvolutionKinds{"convolution float32", "convolution tf32",
                                                  "convolution bfloat16", "convolution float16",
                                                  "convolution int8"};
/// There is no attention in int8 (Kernels::attention_arithmetic).
inline constexpr OperationKinds kAttentionKinds{"attention float32", "attention tf32", "attention bfloat16",
                                                "attention float16", "attention float32"};

}  // namespace da3::net
