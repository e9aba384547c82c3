// SPDX-License-Identifier: Apache-2.0
#include "net/emulated_kernels.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "net/int8.hpp"

namespace da3::net {

namespace {

constexpr int64_t kScoreBytes = 16 << 20;  ///< of the scores that attention holds at a time

uint32_t tf32_bits(uint32_t bits) {
  constexpr uint32_t exponent = 0x7f800000, dropped = 13;
  if ((bits & exponent) == exponent) return bits;
  const uint32_t odd = (bits >> dropped) & 1u;
  return (bits + (1u << (dropped - 1)) - 1 + odd) & ~((1u << dropped) - 1);
}

/// What the device multiplies, as float32.
at::Tensor operand(const at::Tensor& x, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::tf32 ? rounded_to_tf32(x) : in_float32(x);
}

/// What the device stores of a float32 result.
at::Tensor result(const at::Tensor& x, Arithmetic arithmetic) { return in_type(x, scalar_type(arithmetic)); }

at::Tensor optional_float32(const at::Tensor& x) { return x.defined() ? in_float32(x) : x; }

/// Attention of some queries in float32 on rounded operands; the probabilities are rounded as the device's
/// matrix units read them.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k_transposed, const at::Tensor& v,
                  Arithmetic arithmetic) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  const at::Tensor scores = at::matmul(operand(q, arithmetic), k_transposed).mul_(scale);
  const at::Tensor share = result(at::softmax(scores, -1), arithmetic);
  return result(at::matmul(operand(share, arithmetic), v), arithmetic);
}

}  // namespace

at::Tensor rounded_to_tf32(const at::Tensor& x) {
  const at::Tensor dense = x.is_non_overlapping_and_dense() ? x : x.contiguous();
  at::Tensor rounded = at::empty_like(dense);
  const auto* from = static_cast<const uint32_t*>(dense.const_data_ptr());
  auto* to = static_cast<uint32_t*>(rounded.mutable_data_ptr());
  at::parallel_for(0, dense.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    std::transform(from + begin, from + end, to + begin, [](uint32_t bits) { return tf32_bits(bits); });
  });
  return rounded;
}

void EmulatedKernels::prepare(Linear& layer) const {
  if (layer.arithmetic == Arithmetic::tf32) layer.weight = rounded_to_tf32(layer.weight);
  if (layer.arithmetic == Arithmetic::int8) quantise_weights(layer);
}

void EmulatedKernels::prepare(Convolution& layer) const {
  if (layer.arithmetic == Arithmetic::tf32) layer.weight = rounded_to_tf32(layer.weight);
}

at::Tensor EmulatedKernels::run_linear(const at::Tensor& x, const Linear& layer,
                                       Activation activation) const {
  if (layer.arithmetic == Arithmetic::int8) return int8_linear(x, layer, activation);
  const at::Tensor sum =
      at::linear(operand(x, layer.arithmetic), in_float32(layer.weight), optional_float32(layer.bias));
  return activate(result(sum, layer.arithmetic), activation);
}

at::Tensor EmulatedKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          Arithmetic arithmetic) const {
  const Arithmetic in = attention_arithmetic(arithmetic, q.size(-1));
  if (in == Arithmetic::float32) return Kernels::run_attention(q, k, v, arithmetic);
  const at::Tensor queries_in = result(q, in), values = operand(result(v, in), in),
                   k_transposed = operand(result(k, in), in).transpose(-1, -2);
  const int64_t queries = q.size(2), row_bytes = q.size(0) * q.size(1) * k.size(2) * int64_t{sizeof(float)};
  const int64_t chunk = std::max<int64_t>(1, kScoreBytes / row_bytes);
  at::Tensor out = at::empty(q.sizes(), q.options());
  for (int64_t start = 0; start < queries; start += chunk) {
    const int64_t count = std::min(chunk, queries - start);
    out.narrow(2, start, count).copy_(attend(queries_in.narrow(2, start, count), k_transposed, values, in));
  }
  return out;
}

at::Tensor EmulatedKernels::run_convolution(const at::Tensor& x, const Convolution& layer,
                                            Activation activation) const {
  const at::Tensor sum = at::conv2d(operand(x, layer.arithmetic), in_float32(layer.weight),
                                    optional_float32(layer.bias), layer.stride, layer.padding);
  return activate(result(sum, layer.arithmetic), activation);
}

}  // namespace da3::net
