// SPDX-License-Identifier: Apache-2.0
#include "engine/ceilings.hpp"

#include <ATen/ops/_int_mm.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "net/operation_trace.hpp"

namespace da3::engine {
namespace {

using net::Arithmetic;

constexpr int64_t kSide = 2048, kCopiedFloats = 32 << 20;
constexpr int kTimes = 4;  // the first one makes the kernel
constexpr net::OperationKinds kProductKinds{"product float32", "product tf32", "product bfloat16",
                                            "product float16", "product int8"};

void repeat(const sdk::Trace& trace, const char* kind, uint64_t bytes, uint64_t flops,
            const std::function<void()>& body) {
  for (int i = 0; i < kTimes; ++i) {
    const uint64_t begin = trace.now();
    body();
    trace.operation(kind, begin, bytes, flops);
  }
}

/// Values of many kinds: with equal ones a processor draws less power and may run faster.
at::Tensor square(double largest, at::ScalarType type) {
  return at::linspace(-largest, largest, kSide * kSide).view({kSide, kSide}).to(type);
}

/// By the kernel that linears use, in the layout that it makes, and by LibTorch's own.
void report_product(const net::Kernels& kernels, Arithmetic arithmetic, const sdk::Trace& trace) {
  constexpr uint64_t flops = 2 * static_cast<uint64_t>(kSide) * kSide * kSide;
  const at::ScalarType type = net::scalar_type(arithmetic);
  const char* kind = kProductKinds.of(arithmetic);
  const at::Tensor x = square(1, type);
  net::Linear layer{square(1, type), {}, arithmetic};
  kernels.prepare(layer);
  repeat(trace, kind, UINT64_MAX, flops, [&] { kernels.linear(x, layer); });
  if (arithmetic == Arithmetic::int8) {
    const at::Tensor bytes = square(100, at::kChar), others = bytes.t();
    repeat(trace, kind, UINT64_MAX, flops, [&] { at::_int_mm(bytes, others); });
  } else {
    const at::Tensor y = square(1, type).t();
    repeat(trace, kind, UINT64_MAX, flops, [&] { at::mm(x, y); });
  }
}

void report_copy(const sdk::Trace& trace) {
  const at::Tensor from = at::full({kCopiedFloats}, 1.0, at::TensorOptions().dtype(at::kFloat));
  at::Tensor to = at::full({kCopiedFloats}, 0.0, at::TensorOptions().dtype(at::kFloat));
  repeat(trace, "copy", 2 * from.nbytes(), UINT64_MAX, [&] { to.copy_(from); });
}

}  // namespace

void report_ceilings(const net::Kernels& kernels, const net::Precision& precision, sdk::Trace& trace) {
  trace.stage("ceilings");
  std::vector<Arithmetic> known{Arithmetic::float32};
  for (const Arithmetic arithmetic : {precision.backbone, precision.head,
                                      kernels.attention_arithmetic(precision.backbone, net::kHeadChannels)})
    if (std::find(known.begin(), known.end(), arithmetic) == known.end()) known.push_back(arithmetic);
  for (const Arithmetic arithmetic : known) report_product(kernels, arithmetic, trace);
  report_copy(trace);
}

}  // namespace da3::engine
