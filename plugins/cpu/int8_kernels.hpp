// SPDX-License-Identifier: Apache-2.0
// Int8 linears by simd/int8_linear.hpp on tensors, spread over the threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/kernels.hpp"

namespace da3::cpu {

/// Replaces the float32 weight of a layer by packed int8, the only copy that is kept, and sets its steps.
void pack_int8_layer(net::Linear& layer);

/// x: float32 [..., in] -> float32 [..., out]. layer: of pack_int8_layer().
at::Tensor int8_linear(const at::Tensor& x, const net::Linear& layer, net::Activation activation);

/// sum += contract(gelu(expand(x))), in place, a few rows at a time, so that what is between the two layers
/// stays in the caches. x float32 [..., in], sum float32 [..., out], contiguous.
void int8_feed_forward_add(at::Tensor& sum, const at::Tensor& x, const net::Linear& expand,
                           const net::Linear& contract);

}  // namespace da3::cpu
