// SPDX-License-Identifier: Apache-2.0
// Linears in 8-bit integers: weights in steps of their own for each output channel, kept once; inputs in
// steps of their own for each token, found as they come, which need not reach as far below zero as above it.
// Sums are exact 32-bit integers, results float32.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/kernels.hpp"

namespace da3::net {

/// values[r, c] * steps[r] is the row, rounded to nearest; |values| <= 127 for
/// quantise_rows(), 254 for quantise_tokens().
struct QuantisedRows {
  at::Tensor values;  ///< int8 [rows, columns], int16 for tokens
  at::Tensor steps;   ///< float32 [rows]; not finite where the row is not, 0 where it is all zeros
};

/// x: float32 [rows, columns] on the CPU.
QuantisedRows quantise_rows(const at::Tensor& x);

/// The same with steps of (largest - smallest) / 253, zero counting as a value: what GELU gives has next to
/// nothing below zero, and most tokens lean to one side. No two values of a row are more than 254 apart, so
/// that a row less its middle has 8 bits. |values| <= 254, int16.
QuantisedRows quantise_tokens(const at::Tensor& x);

/// Replaces the weight of a layer by int8 and sets its steps.
void quantise_weights(Linear& layer);

/// x float32 [..., in] on the CPU -> float32 [..., out], with products in double, which holds every sum: on
/// any CPU, slowly.
at::Tensor int8_linear(const at::Tensor& x, const Linear& layer, Activation activation);

}  // namespace da3::net
