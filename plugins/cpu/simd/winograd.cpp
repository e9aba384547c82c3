// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/winograd.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/winograd.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

/// A tile's place among all views' tiles.
struct Tile {
  int64_t view, y, x;  ///< y, x: of its upper left output

  Tile(int64_t index, const WinogradMaps& maps) {
    const int64_t columns = winograd_tiles(maps.width), rows = winograd_tiles(maps.height);
    x = index % columns * kWinogradTile;
    y = index / columns % rows * kWinogradTile;
    view = index / columns / rows;
  }
};

template <bool kRelu>
void transform_block(const WinogradLayer& layer, const WinogradMaps& maps, int64_t first, int64_t count,
                     const WinogradScratch& s) {
  const int64_t pixel = layer.in, row = maps.width * pixel;
  for (int64_t t = 0; t < count; ++t) {
    const Tile tile(first + t, maps);
    const int64_t y = tile.y - 1, x = tile.x - 1;
    transform_tile<kRelu>({maps.from + tile.view * maps.height * row + y * row + x * pixel, row, pixel, -y,
                           maps.height - y, -x, maps.width - x},
                          layer.in, s.zeros, s.inputs + t * layer.in, s.input_frequency);
  }
  clear_after(s, count, layer.in);
}

void winograd_here(const WinogradLayer& layer, const WinogradMaps& maps, int64_t first, int64_t count,
                   float* scratch) {
  const WinogradScratch s(scratch, layer.in, winograd_tiles_at_a_time(layer.in));
  std::fill_n(s.zeros, layer.in, 0.0f);
  if (maps.relu_before)
    transform_block<true>(layer, maps, first, count, s);
  else
    transform_block<false>(layer, maps, first, count, s);
  const int64_t pixel = layer.out, row = maps.width * pixel, panel = winograd_panel_here();
  const auto place = [&](int64_t t) {
    const Tile tile(first + t, maps);
    const int64_t at = (tile.view * maps.height + tile.y) * row + tile.x * pixel;
    return TileOutput{
        maps.to + at,       maps.residual ? maps.residual + at : nullptr, row, pixel, maps.height - tile.y,
        maps.width - tile.x};
  };
  for (int64_t k = 0; k < layer.out; k += panel) {
    multiply_panel(s, count, layer.in, layer.weight + k * kWinogradFrequencies * layer.in);
    if (maps.relu_after)
      finish_panel<true>(s, count, layer.bias, k, place);
    else
      finish_panel<false>(s, count, layer.bias, k, place);
  }
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(winograd_panel_here);
HWY_EXPORT(winograd_here);

namespace {

/// Rows of the filters' transform, which makes up for the factors that the inputs' left out.
struct FilterTransform {
  double rows[6][3];
  FilterTransform() {
    constexpr double a = kWinogradA, b = kWinogradB;
    const double points[] = {0, a, -a, b, -b};
    for (int i = 0; i < 5; ++i) {
      double others = 1;
      for (int j = 0; j < 5; ++j)
        if (j != i) others *= points[i] - points[j];
      double power = 1 / others;
      for (int j = 0; j < 3; ++j, power *= points[i]) rows[i][j] = power;
    }
    rows[5][0] = rows[5][1] = 0, rows[5][2] = 1;
  }
};

}  // namespace

bool fit_winograd(int64_t in, int64_t out) {
  constexpr int64_t in_step = 16, most = 1024;
  return in > 0 && out > 0 && in % in_step == 0 && in <= most && out % kWidestPanel == 0;
}

int64_t winograd_panel() { return HWY_DYNAMIC_DISPATCH(winograd_panel_here)(); }

int64_t winograd_tiles_at_a_time(int64_t in) {
  // The transformed inputs of a block stay in the second cache, beside the weights that pass through.
  constexpr int64_t floats = 110592, step = kTilesTogether, most = 48;
  return std::clamp(floats / (kWinogradFrequencies * in) / step * step, step, most);
}

size_t winograd_scratch(int64_t in) {
  return static_cast<size_t>(WinogradScratch(nullptr, in, winograd_tiles_at_a_time(in)).end() -
                             static_cast<float*>(nullptr));
}

void winograd_pack(const float* weight, int64_t in, int64_t first, float* packed) {
  static const FilterTransform transform;
  const int64_t panel = winograd_panel();
  packed += first * kWinogradFrequencies * in;
  for (int64_t k = 0; k < panel; ++k) {
    for (int64_t c = 0; c < in; ++c) {
      const float* filter = weight + (first + k) * 9 * in + c;
      double half[6][3];
      for (int i = 0; i < 6; ++i)
        for (int x = 0; x < 3; ++x) {
          half[i][x] = 0;
          for (int y = 0; y < 3; ++y) half[i][x] += transform.rows[i][y] * double{filter[(y * 3 + x) * in]};
        }
      for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) {
          double sum = 0;
          for (int x = 0; x < 3; ++x) sum += transform.rows[j][x] * half[i][x];
          packed[((i * 6 + j) * in + c) * panel + k] = static_cast<float>(sum);
        }
    }
  }
}

void winograd(const WinogradLayer& layer, const WinogradMaps& maps, int64_t first, int64_t count,
              float* scratch) {
  HWY_DYNAMIC_DISPATCH(winograd_here)(layer, maps, first, count, scratch);
}

}  // namespace da3::cpu::simd
#endif
