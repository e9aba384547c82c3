// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling with aligned corners of maps in channels-last memory, float32.
#pragma once

#include <cstdint>

namespace da3::cpu::simd {

/// Images [views, from_height, from_width, channels], seen at another size.
struct UpsampledMaps {
  const float* from;
  int64_t from_height, from_width;
  int64_t height, width;
  int64_t channels;  ///< a multiple of kUpsampleStep; with a grid, of twice that
  const float*
      grid_columns;        ///< [width, channels / 2], added to the first half of the channels; NULL: no grid
  const float* grid_rows;  ///< [height, channels / 2], added to the second half
};
constexpr int64_t kUpsampleStep = 16;

/// The rows [first, first + count) of all views' rows, into `to` [views, height, width, channels]; add: onto
/// what is there.
void upsample(const UpsampledMaps& maps, int64_t first, int64_t count, bool add, float* to);

}  // namespace da3::cpu::simd
