// SPDX-License-Identifier: Apache-2.0
// A 3x3 convolution by Winograd's products (winograd.hpp) of a map that is upsampled a strip at a time: the
// larger map, four times as large as what it is made of, never lies in memory.
#pragma once

#include "cpu/simd/upsample.hpp"
#include "cpu/simd/winograd.hpp"

namespace da3::cpu::simd {

/// Tiles that are best given to one call together, a multiple of kWinogradTileStep; never more.
int64_t winograd_upsampled_tiles(int64_t in);

/// Floats of scratch memory, aligned to 64 bytes, that a call needs.
size_t winograd_upsampled_scratch(int64_t in);

/// The tiles [first, first + count) of row `tile_row` of all views' rows of tiles, into `to` [views, height,
/// width, out]: the bits that winograd() makes of the upsampled map.
void winograd_upsampled(const UpsampledMaps& maps, const WinogradLayer& layer, int64_t tile_row,
                        int64_t first, int64_t count, float* to, float* scratch);

}  // namespace da3::cpu::simd
