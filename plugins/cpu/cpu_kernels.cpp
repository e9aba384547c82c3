// SPDX-License-Identifier: Apache-2.0
#include "cpu/cpu_kernels.hpp"

#include <ATen/ops/_int_mm.h>
#include <ATen/ops/full.h>
#include <da3/error.hpp>

#include "net/int8.hpp"

namespace da3::cpu {

namespace {

at::Tensor product(const at::Tensor& x, const at::Tensor& weight) { return at::_int_mm(x, weight.t()); }

/// CPUs without 8-bit dot products add pairs of products in 16 bits, where the largest values saturate. The
/// policy does not choose int8 there; this looks at the result.
bool products_are_exact() {
  constexpr int64_t tokens = 64, depth = 256, channels = 64, largest = 127;
  const at::Tensor x = at::full({tokens, depth}, largest, at::kChar);
  const at::Tensor sums = product(x, at::full({channels, depth}, largest, at::kChar)),
                   negative = product(x, at::full({channels, depth}, -largest, at::kChar));
  constexpr int64_t want = largest * largest * depth;
  return sums.eq(want).all().item<bool>() && negative.eq(-want).all().item<bool>();
}

}  // namespace

void CpuKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic != net::Arithmetic::int8) return;
  static const bool exact = products_are_exact();
  if (!exact)
    throw Error(DA3_E_UNSUPPORTED,
                "model not loaded: 8-bit products of this CPU saturate, results would be wrong; use "
                "mixed_precision: off");
  net::quantise_weights(layer);
}

at::Tensor CpuKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                  net::Activation activation) const {
  if (layer.arithmetic == net::Arithmetic::int8) return net::int8_linear(x, layer, activation, product);
  return net::Kernels::run_linear(x, layer, activation);
}

void ExactInt8Kernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) net::quantise_weights(layer);
}

at::Tensor ExactInt8Kernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                        net::Activation activation) const {
  if (layer.arithmetic != net::Arithmetic::int8) return CpuKernels::run_linear(x, layer, activation);
  return net::int8_linear(x, layer, activation, net::exact_product);
}

}  // namespace da3::cpu
