// SPDX-License-Identifier: Apache-2.0
// Rows of 8-bit integers with a step of their own, as the int8 linears read them.
#pragma once

#include <cstdint>

namespace da3::cpu::simd {

/// What ends a row: a value stands for (value + middle) * step.
struct Int8RowTail {
  float step;
  int32_t sum;  ///< of the values
  int32_t middle;
};

/// A row: `channels` values in [-127, 127], zeros up to a multiple of four, the tail.
int64_t int8_row_bytes(int64_t channels);

/// Rounds to the nearest step of (largest - smallest) / 253, zero counting as a value, ties to even, each row
/// by itself. A row whose step would be below the smallest normal number is zeros with step 0; one that is
/// not finite is ones, with a step that is not finite; the middle of both is 0. x's rows lie `stride` floats
/// apart, out's int8_row_bytes.
void quantise_int8(const float* x, int64_t stride, int64_t rows, int64_t channels, int8_t* out);

/// x[i] = the exact GELU of x[i], as the int8 linears compute it.
void gelu_in_place(float* x, int64_t count);

}  // namespace da3::cpu::simd
