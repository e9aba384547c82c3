// SPDX-License-Identifier: Apache-2.0
// A linear in 8-bit integers: rows and weights with steps of their own, exact sums, then scale, bias,
// activation and residual while the sums are in the nearest cache.
#pragma once

#include "cpu/simd/int8_products.hpp"

namespace da3::cpu::simd {

enum class Int8Activation { none, relu, gelu };

struct Int8Layer {
  const Int8Products* products;
  const int8_t* weights;  ///< of pack_int8 for these products
  const float* steps;     ///< [out]: what 1 is worth in a row of weights
  const float* bias;      ///< [out] or nullptr
  int64_t in, out;
  Int8Activation activation = Int8Activation::none;

  int64_t panels() const { return (out + kInt8Columns - 1) / kInt8Columns; }
};

/// Where results go: rows of floats, `stride` apart.
struct Int8Results {
  float* data;
  int64_t stride;
  bool add;  ///< to what is there, else instead of it
};

/// The outputs of panels [first_panel, first_panel + panels) for `count` rows of quantise_int8(). An output's
/// bits depend on neither the rows beside it nor the split into panels, and the sums not on the products.
void int8_linear(const Int8Layer&, const int8_t* rows, int64_t count, int64_t first_panel, int64_t panels,
                 const Int8Results&);

}  // namespace da3::cpu::simd
