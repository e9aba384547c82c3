// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd_logits.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/winograd_logits.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/winograd_strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

/// The linear on one tile's hidden values, each output into a plane of its own.
HWY_INLINE void finish_logits(const float* hidden, int64_t channels, const LogitsLayer& layer, int64_t rows,
                              int64_t columns, float* to, int64_t row, int64_t plane) {
  constexpr WinogradTag d;
  const auto n = static_cast<int64_t>(wn::Lanes(d));
  for (int64_t k = 0; k < layer.out; ++k, to += plane) {
    const float* weight = layer.weight + k * channels;
    for (int64_t y = 0; y < std::min(rows, kWinogradTile); ++y)
      for (int64_t x = 0; x < std::min(columns, kWinogradTile); ++x) {
        const float* pixel = hidden + (y * kWinogradTile + x) * channels;
        auto sum = wn::Mul(wn::Load(d, pixel), wn::LoadU(d, weight));
        for (int64_t c = n; c < channels; c += n)
          sum = wn::MulAdd(wn::Load(d, pixel + c), wn::LoadU(d, weight + c), sum);
        to[y * row + x] = wn::GetLane(wn::SumOfLanes(d, sum)) + (layer.bias ? layer.bias[k] : 0.0f);
      }
  }
}

void winograd_logits_here(const UpsampledMaps& maps, int64_t views, const WinogradLayer& hidden,
                          const LogitsLayer& out, int64_t tile_row, int64_t first, int64_t count, float* to,
                          float* scratch) {
  const StripScratch s(scratch, hidden.in, winograd_strip_tiles(hidden.in));
  float* const values = s.end();  // [tiles][4 x 4][hidden's out]
  constexpr int64_t tile_pixels = kWinogradTile * kWinogradTile;
  const int64_t tile_rows = winograd_tiles(maps.height), view = tile_row / tile_rows;
  const int64_t y = tile_row % tile_rows * kWinogradTile, x = first * kWinogradTile;
  transform_strip(maps, view, y, x, count, s);
  const auto place = [&](int64_t t) {
    const int64_t pixel = hidden.out;
    return TileOutput{values + t * tile_pixels * pixel,
                      nullptr,
                      kWinogradTile * pixel,
                      pixel,
                      kWinogradTile,
                      kWinogradTile};
  };
  const int64_t panel = winograd_panel_here();
  for (int64_t k = 0; k < hidden.out; k += panel) {
    multiply_panel(s.steps, count, hidden.in, hidden.weight + k * kWinogradFrequencies * hidden.in);
    finish_panel<true>(s.steps, count, hidden.bias, k, place);
  }
  float* at = to + (view * maps.height + y) * maps.width + x;
  for (int64_t t = 0; t < count; ++t)
    finish_logits(values + t * tile_pixels * hidden.out, hidden.out, out, maps.height - y,
                  maps.width - x - t * kWinogradTile, at + t * kWinogradTile, maps.width,
                  views * maps.height * maps.width);
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(winograd_logits_here);

int64_t winograd_strip_tiles(int64_t in) {
  // The strip and the transformed inputs stay in the second cache.
  constexpr int64_t floats = 110592, each = kWinogradFrequencies + 6 * kWinogradTile, most = 48;
  return std::clamp(floats / (each * in) / kWinogradTileStep * kWinogradTileStep, kWinogradTileStep, most);
}

size_t winograd_logits_scratch(const WinogradLayer& hidden) {
  const int64_t tiles = winograd_strip_tiles(hidden.in);
  return StripScratch(nullptr, hidden.in, tiles).floats() +
         static_cast<size_t>(tiles * kWinogradTile * kWinogradTile * hidden.out);
}

void winograd_logits(const UpsampledMaps& maps, int64_t views, const WinogradLayer& hidden,
                     const LogitsLayer& out, int64_t tile_row, int64_t first, int64_t count, float* to,
                     float* scratch) {
  HWY_DYNAMIC_DISPATCH(winograd_logits_here)
  (maps, views, hidden, out, tile_row, first, count, to, scratch);
}

}  // namespace da3::cpu::simd
#endif
