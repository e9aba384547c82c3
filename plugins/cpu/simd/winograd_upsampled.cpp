// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd_upsampled.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/winograd_upsampled.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/winograd_strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

void winograd_upsampled_here(const UpsampledMaps& maps, const WinogradLayer& layer, int64_t tile_row,
                             int64_t first, int64_t count, float* to, float* scratch) {
  const StripScratch s(scratch, layer.in, winograd_upsampled_tiles(layer.in));
  const int64_t tile_rows = winograd_tiles(maps.height), view = tile_row / tile_rows;
  const int64_t y = tile_row % tile_rows * kWinogradTile, x = first * kWinogradTile;
  transform_strip(maps, view, y, x, count, s);
  const int64_t pixel = layer.out, row = maps.width * pixel, panel = winograd_panel_here();
  float* const corner = to + (view * maps.height + y) * row + x * pixel;
  const auto place = [&](int64_t t) {
    return TileOutput{corner + t * kWinogradTile * pixel, nullptr, row, pixel, maps.height - y,
                      maps.width - x - t * kWinogradTile};
  };
  for (int64_t k = 0; k < layer.out; k += panel) {
    multiply_panel(s.steps, count, layer.in, layer.weight + k * kWinogradFrequencies * layer.in);
    finish_panel<false>(s.steps, count, layer.bias, k, place);
  }
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(winograd_upsampled_here);

int64_t winograd_upsampled_tiles(int64_t in) { return winograd_tiles_at_a_time(in); }

size_t winograd_upsampled_scratch(int64_t in) {
  return StripScratch(nullptr, in, winograd_upsampled_tiles(in)).floats();
}

void winograd_upsampled(const UpsampledMaps& maps, const WinogradLayer& layer, int64_t tile_row,
                        int64_t first, int64_t count, float* to, float* scratch) {
  HWY_DYNAMIC_DISPATCH(winograd_upsampled_here)(maps, layer, tile_row, first, count, to, scratch);
}

}  // namespace da3::cpu::simd
#endif
