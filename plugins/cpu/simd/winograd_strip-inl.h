// SPDX-License-Identifier: Apache-2.0
// Tiles of an upsampled map, made a strip at a time as the convolution reads them.
#if defined(DA3_CPU_SIMD_WINOGRAD_STRIP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_WINOGRAD_STRIP_INL_H
#undef DA3_CPU_SIMD_WINOGRAD_STRIP_INL_H
#else
#define DA3_CPU_SIMD_WINOGRAD_STRIP_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "cpu/simd/upsample-inl.h"
#include "cpu/simd/winograd-inl.h"
#include "cpu/simd/winograd_layout.hpp"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

/// Six rows from row `top`, `columns` columns from `left`; zeros outside of the image.
inline void fill_strip(const UpsampledMaps& maps, int64_t view, int64_t top, int64_t left, int64_t columns,
                       float* to) {
  const int64_t first = std::max<int64_t>(left, 0), end = std::min(left + columns, maps.width);
  for (int64_t y = top; y < top + 6; ++y, to += columns * maps.channels) {
    if (y < 0 || y >= maps.height) {
      std::fill_n(to, columns * maps.channels, 0.0f);
      continue;
    }
    std::fill_n(to, (first - left) * maps.channels, 0.0f);
    upsample_pixels<false>(maps, view, y, first, end - first, to + (first - left) * maps.channels);
    std::fill_n(to + (end - left) * maps.channels, (left + columns - end) * maps.channels, 0.0f);
  }
}

/// The transformed inputs of `count` tiles, of which the first has its upper left output at y, x.
inline void transform_strip(const UpsampledMaps& maps, int64_t view, int64_t y, int64_t x, int64_t count,
                            const StripScratch& s) {
  const int64_t columns = kWinogradTile * count + 2, in = maps.channels, row = columns * in;
  fill_strip(maps, view, y - 1, x - 1, columns, s.inputs);
  for (int64_t t = 0; t < count; ++t)
    transform_tile<false>({s.inputs + t * kWinogradTile * in, row, in, 0, 6, 0, 6}, in, s.steps.zeros,
                          s.steps.inputs + t * in, s.steps.input_frequency);
  clear_after(s.steps, count, in);
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
