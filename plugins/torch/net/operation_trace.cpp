// SPDX-License-Identifier: Apache-2.0
#include "net/operation_trace.hpp"

namespace da3::net {
namespace {

thread_local const sdk::Trace* current = nullptr;

uint64_t bytes_of(const at::Tensor& x) {
  return static_cast<uint64_t>(x.numel()) * static_cast<uint64_t>(x.element_size());
}

uint64_t weight_bytes(int64_t values, Arithmetic arithmetic) {
  const uint64_t width = arithmetic == Arithmetic::int8 ? 1 : at::elementSize(scalar_type(arithmetic));
  return static_cast<uint64_t>(values) * width;
}

}  // namespace

Work linear_work(const at::Tensor& x, const at::Tensor& result, Arithmetic arithmetic) {
  const int64_t in = x.size(-1), out = result.size(-1);
  return {bytes_of(x) + bytes_of(result) + weight_bytes(in * out, arithmetic),
          2 * static_cast<uint64_t>(x.numel()) * static_cast<uint64_t>(out)};
}

Work attention_work(const at::Tensor& q, const at::Tensor& k) {
  return {2 * bytes_of(q) + 2 * bytes_of(k),
          4 * static_cast<uint64_t>(q.numel()) * static_cast<uint64_t>(k.size(2))};
}

Work convolution_work(const at::Tensor& x, const at::Tensor& result, int64_t size, int residuals,
                      Arithmetic arithmetic) {
  const int64_t taps = x.size(1) * size * size;
  return {bytes_of(x) + (1 + static_cast<uint64_t>(residuals)) * bytes_of(result) +
              weight_bytes(taps * result.size(1), arithmetic),
          2 * static_cast<uint64_t>(result.numel()) * static_cast<uint64_t>(taps)};
}

OperationTrace::OperationTrace(const sdk::Trace& trace) : outer_(current) {
  current = trace.wants_operations() ? &trace : nullptr;
}

OperationTrace::~OperationTrace() { current = outer_; }

TimedOperation::TimedOperation() : trace_(current) {
  if (!trace_) return;
  current = nullptr;  // for operations within this one
  begin_ = trace_->now();
}

TimedOperation::TimedOperation(const char* kind, uint64_t bytes) : TimedOperation() { was(kind, {bytes, 0}); }

TimedOperation::~TimedOperation() {
  if (!trace_) return;
  if (kind_) trace_->operation(kind_, begin_, work_.bytes, work_.flops == 0 ? UINT64_MAX : work_.flops);
  current = trace_;
}

const char* OperationKinds::of(Arithmetic arithmetic) const {
  switch (arithmetic) {
    case Arithmetic::tf32:
      return tf32;
    case Arithmetic::bfloat16:
      return bfloat16;
    case Arithmetic::float16:
      return float16;
    case Arithmetic::int8:
      return int8;
    default:
      return float32;
  }
}

}  // namespace da3::net
