// SPDX-License-Identifier: Apache-2.0
// Int8 linears by simd/int8_linear.hpp on tensors, spread over the threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/kernels.hpp"

namespace da3::cpu {

/// Replaces the float32 weight of a layer by packed int8, the only copy that is kept, and sets its steps.
void pack_int8_layer(net::Linear& layer);

/// Rows as simd/int8_rows.hpp has them: x float32 [..., in] -> int8 [..., bytes of a row].
at::Tensor int8_rows(const at::Tensor& x);

/// x: float32 [..., in], or int8 rows of it -> float32 [..., out]. layer: of pack_int8_layer().
at::Tensor int8_linear(const at::Tensor& x, const net::Linear& layer, net::Activation activation);

/// sum += linear of x, in place; sum float32 [..., out], contiguous.
void int8_linear_add(at::Tensor& sum, const at::Tensor& x, const net::Linear& layer);

}  // namespace da3::cpu
