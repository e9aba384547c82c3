// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "cpu/simd/upsample.hpp"
#include "net/positional.hpp"

namespace da3::cpu {

/// Whether simd/upsample.hpp reads x [V, C, h, w] and the grid (NULL: none).
bool fits_upsample(const at::Tensor& x, const net::GridEmbedding* grid);

/// x at another size, for as long as x and the grid live.
simd::UpsampledMaps upsampled_maps(const at::Tensor& x, int64_t height, int64_t width,
                                   const net::GridEmbedding* grid);

}  // namespace da3::cpu
