// SPDX-License-Identifier: Apache-2.0
// The end of a depth head in one pass over strips: a map upsampled, a 3x3 convolution with ReLU, and a linear
// to a few channels. What lies between them never leaves the second cache.
#pragma once

#include "cpu/simd/upsample.hpp"
#include "cpu/simd/winograd.hpp"

namespace da3::cpu::simd {

struct LogitsLayer {
  int64_t out;          ///< a few
  const float* weight;  ///< [out, hidden's out]
  const float* bias;    ///< [out], or NULL
};

/// Tiles that are best given to one call together, a multiple of kWinogradTileStep; never more.
int64_t winograd_strip_tiles(int64_t in);

/// Floats of scratch memory, aligned to 64 bytes, that a call needs.
size_t winograd_logits_scratch(const WinogradLayer& hidden);

/// The tiles [first, first + count) of row `tile_row` of all views' rows of tiles, into `to` [out, views,
/// height, width]. A tile's bits depend on its own 6 x 6 upsampled inputs alone.
void winograd_logits(const UpsampledMaps& maps, int64_t views, const WinogradLayer& hidden,
                     const LogitsLayer& out, int64_t tile_row, int64_t first, int64_t count, float* to,
                     float* scratch);

}  // namespace da3::cpu::simd
