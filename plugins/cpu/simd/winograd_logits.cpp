// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd_logits.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/winograd_logits.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/upsample-inl.h"
#include "cpu/simd/winograd-inl.h"

#ifndef DA3_CPU_SIMD_WINOGRAD_LOGITS_ONCE
#define DA3_CPU_SIMD_WINOGRAD_LOGITS_ONCE
namespace da3::cpu::simd {

constexpr int64_t kTilePixels = kWinogradTile * kWinogradTile;

/// Where things lie in the scratch memory.
struct StripScratch {
  WinogradScratch steps;
  float* inputs;  ///< [6][4 tiles + 2][in]: the strip of the upsampled map, with a border
  float* hidden;  ///< [tiles][4 x 4][hidden's out]
  int64_t tiles;

  StripScratch(float* memory, const WinogradLayer& layer)
      : steps(memory, layer.in, winograd_strip_tiles(layer.in)), tiles(winograd_strip_tiles(layer.in)) {
    inputs = steps.end();
    hidden = inputs + 6 * (kWinogradTile * tiles + 2) * layer.in;
  }
  float* end(const WinogradLayer& layer) const { return hidden + tiles * kTilePixels * layer.out; }
};

}  // namespace da3::cpu::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

/// Six rows from row `top`, `columns` columns from `left`; zeros outside of the image.
void fill_strip(const UpsampledMaps& maps, int64_t view, int64_t top, int64_t left, int64_t columns,
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
  const StripScratch s(scratch, hidden);
  const int64_t tile_rows = winograd_tiles(maps.height), view = tile_row / tile_rows;
  const int64_t y = tile_row % tile_rows * kWinogradTile, x = first * kWinogradTile;
  const int64_t columns = kWinogradTile * count + 2, row = columns * hidden.in;
  fill_strip(maps, view, y - 1, x - 1, columns, s.inputs);
  for (int64_t t = 0; t < count; ++t)
    transform_tile<false>({s.inputs + t * kWinogradTile * hidden.in, row, hidden.in, 0, 6, 0, 6}, hidden.in,
                          s.steps.zeros, s.steps.inputs + t * hidden.in, s.steps.input_frequency);
  clear_after(s.steps, count, hidden.in);
  const auto place = [&](int64_t t) {
    const int64_t pixel = hidden.out;
    return TileOutput{s.hidden + t * kTilePixels * pixel,
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
    finish_logits(s.hidden + t * kTilePixels * hidden.out, hidden.out, out, maps.height - y,
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
  return static_cast<size_t>(StripScratch(nullptr, hidden).end(hidden) - static_cast<float*>(nullptr));
}

void winograd_logits(const UpsampledMaps& maps, int64_t views, const WinogradLayer& hidden,
                     const LogitsLayer& out, int64_t tile_row, int64_t first, int64_t count, float* to,
                     float* scratch) {
  HWY_DYNAMIC_DISPATCH(winograd_logits_here)
  (maps, views, hidden, out, tile_row, first, count, to, scratch);
}

}  // namespace da3::cpu::simd
#endif
