// SPDX-License-Identifier: Apache-2.0
// The steps of Winograd's convolution, for each of Highway's targets. Channels lie along the lanes in every
// step, so that none crosses lanes.
#if defined(DA3_CPU_SIMD_WINOGRAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_WINOGRAD_INL_H
#undef DA3_CPU_SIMD_WINOGRAD_INL_H
#else
#define DA3_CPU_SIMD_WINOGRAD_INL_H
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "cpu/simd/winograd_layout.hpp"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

namespace wn = hwy::HWY_NAMESPACE;
using WinogradTag = wn::CappedTag<float, 16>;
using WinogradVector = wn::Vec<WinogradTag>;

// The accumulators of a product are kWinogradRows tiles x 2 vectors of outputs: what the registers hold.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int64_t kWinogradRows = 12;
#else
constexpr int64_t kWinogradRows = 6;
#endif
static_assert(kWinogradTileStep % (kWinogradRows / 2) == 0);

inline int64_t winograd_panel_here() { return 2 * static_cast<int64_t>(wn::Lanes(WinogradTag())); }

/// In this order NaN stays on every target.
HWY_INLINE WinogradVector winograd_relu(WinogradVector x) {
  const WinogradVector zero = wn::Zero(WinogradTag());
  return wn::IfThenElse(wn::Lt(x, zero), zero, x);
}

/// One dimension of the inputs' transform, by the points 0, +-a, +-b and infinity.
HWY_INLINE void transform_inputs(const WinogradVector (&x)[6], WinogradVector (&y)[6]) {
  constexpr WinogradTag d;
  constexpr float aa = kWinogradA * kWinogradA, bb = kWinogradB * kWinogradB;
  const auto minus_aa = wn::Set(d, -aa), minus_bb = wn::Set(d, -bb), minus_sum = wn::Set(d, -aa - bb),
             product = wn::Set(d, aa * bb);
  y[0] = wn::MulAdd(product, x[0], wn::MulAdd(minus_sum, x[2], x[4]));
  y[5] = wn::MulAdd(product, x[1], wn::MulAdd(minus_sum, x[3], x[5]));
  const auto even_a = wn::MulAdd(minus_bb, x[2], x[4]), even_b = wn::MulAdd(minus_aa, x[2], x[4]);
  const auto odd_a = wn::MulAdd(minus_bb, x[1], x[3]), odd_b = wn::MulAdd(minus_aa, x[1], x[3]);
  const auto a = wn::Set(d, kWinogradA), b = wn::Set(d, kWinogradB);
  y[1] = wn::MulAdd(a, odd_a, even_a), y[2] = wn::NegMulAdd(a, odd_a, even_a);
  y[3] = wn::MulAdd(b, odd_b, even_b), y[4] = wn::NegMulAdd(b, odd_b, even_b);
}

/// One dimension of the outputs' transform.
HWY_INLINE void transform_outputs(const WinogradVector (&x)[6], WinogradVector (&y)[4]) {
  constexpr WinogradTag d;
  constexpr float a = kWinogradA, b = kWinogradB;
  const auto sum_a = wn::Add(x[1], x[2]), sum_b = wn::Add(x[3], x[4]);
  const auto off_a = wn::Sub(x[1], x[2]), off_b = wn::Sub(x[3], x[4]);
  y[0] = wn::Add(wn::Add(x[0], sum_a), sum_b);
  y[1] = wn::MulAdd(wn::Set(d, a), off_a, wn::Mul(wn::Set(d, b), off_b));
  y[2] = wn::MulAdd(wn::Set(d, a * a), sum_a, wn::Mul(wn::Set(d, b * b), sum_b));
  y[3] = wn::MulAdd(wn::Set(d, a * a * a), off_a, wn::MulAdd(wn::Set(d, b * b * b), off_b, x[5]));
}

/// Where the 6 x 6 inputs of a tile lie; what is outside the image is zeros.
struct TileInput {
  const float* first;   ///< of the upper left one
  int64_t row, pixel;   ///< floats from one to the next
  int64_t top, bottom;  ///< rows [top, bottom) are inside the image
  int64_t left, right;  ///< likewise columns
};

template <bool kRelu>
HWY_INLINE void transform_tile(const TileInput& tile, int64_t channels, const float* zeros, float* to,
                               int64_t frequency) {
  constexpr WinogradTag d;
  const float* pixels[6][6];
  for (int64_t y = 0; y < 6; ++y)
    for (int64_t x = 0; x < 6; ++x) {
      const bool inside = y >= tile.top && y < tile.bottom && x >= tile.left && x < tile.right;
      pixels[y][x] = inside ? tile.first + y * tile.row + x * tile.pixel : zeros;
    }
  const auto n = static_cast<int64_t>(wn::Lanes(d));
  for (int64_t c = 0; c < channels; c += n) {
    WinogradVector half[6][6];
#pragma GCC unroll 6
    for (int64_t x = 0; x < 6; ++x) {
      WinogradVector column[6], y[6];
#pragma GCC unroll 6
      for (int64_t i = 0; i < 6; ++i) {
        column[i] = wn::LoadU(d, pixels[i][x] + c);
        // What the next tile in the row reads and this one does not.
        if (x >= 2) hwy::Prefetch(pixels[i][x] + c + kWinogradTile * tile.pixel);
        if (kRelu) column[i] = winograd_relu(column[i]);
      }
      transform_inputs(column, y);
#pragma GCC unroll 6
      for (int64_t i = 0; i < 6; ++i) half[i][x] = y[i];
    }
#pragma GCC unroll 6
    for (int64_t i = 0; i < 6; ++i) {
      WinogradVector y[6];
      transform_inputs(half[i], y);
#pragma GCC unroll 6
      for (int64_t j = 0; j < 6; ++j) wn::Store(y[j], d, to + (i * 6 + j) * frequency + c);
    }
  }
}

/// Products are made for a few tiles at a time, also where there are none left.
inline void clear_after(const WinogradScratch& s, int64_t tiles, int64_t channels) {
  for (int64_t t = tiles; t % kWinogradTileStep != 0; ++t)
    for (int64_t f = 0; f < kWinogradFrequencies; ++f)
      std::fill_n(s.inputs + f * s.input_frequency + t * channels, channels, 0.0f);
}

/// c[row][panel] = sum over channels of a[row][channel] b[channel][panel].
template <int64_t kRows>
HWY_INLINE void multiply_tiles(const float* HWY_RESTRICT a, int64_t channels, const float* HWY_RESTRICT b,
                               float* HWY_RESTRICT c) {
  constexpr WinogradTag d;
  const size_t n = wn::Lanes(d);
  WinogradVector sums[kRows][2];
#pragma GCC unroll 12
  for (int64_t r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = wn::Zero(d);
  for (int64_t k = 0; k < channels; ++k, b += 2 * n) {
    const auto b0 = wn::Load(d, b), b1 = wn::Load(d, b + n);
#pragma GCC unroll 12
    for (int64_t r = 0; r < kRows; ++r) {
      const auto factor = wn::Set(d, a[r * channels + k]);
      sums[r][0] = wn::MulAdd(factor, b0, sums[r][0]);
      sums[r][1] = wn::MulAdd(factor, b1, sums[r][1]);
    }
  }
#pragma GCC unroll 12
  for (int64_t r = 0; r < kRows; ++r, c += 2 * n) {
    wn::Store(sums[r][0], d, c);
    wn::Store(sums[r][1], d, c + n);
  }
}

/// Products of all frequencies for one panel of outputs; weight is the panel's.
inline void multiply_panel(const WinogradScratch& s, int64_t tiles, int64_t channels, const float* weight) {
  const int64_t panel = winograd_panel_here();
  for (int64_t f = 0; f < kWinogradFrequencies; ++f, weight += channels * panel) {
    const float* a = s.inputs + f * s.input_frequency;
    float* c = s.sums + f * s.sum_frequency;
    int64_t t = 0;
    for (; tiles - t > kWinogradRows / 2; t += kWinogradRows)
      multiply_tiles<kWinogradRows>(a + t * channels, channels, weight, c + t * panel);
    if (t < tiles) multiply_tiles<kWinogradRows / 2>(a + t * channels, channels, weight, c + t * panel);
  }
}

/// Where the outputs of a tile go.
struct TileOutput {
  float* first;
  const float* residual;  ///< of the first, in the same strides, or NULL
  int64_t row, pixel;     ///< floats from one to the next
  int64_t rows, columns;  ///< that are inside the image
};

/// One vector of channels of a tile.
template <bool kRelu>
HWY_INLINE void finish_tile(const float* sums, int64_t frequency, WinogradVector bias, const TileOutput& out,
                            int64_t channel) {
  constexpr WinogradTag d;
  WinogradVector half[4][6];
#pragma GCC unroll 6
  for (int64_t x = 0; x < 6; ++x) {
    WinogradVector column[6], y[4];
#pragma GCC unroll 6
    for (int64_t i = 0; i < 6; ++i) column[i] = wn::Load(d, sums + (i * 6 + x) * frequency);
    transform_outputs(column, y);
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i) half[i][x] = y[i];
  }
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    WinogradVector y[4];
    transform_outputs(half[i], y);
    if (i >= out.rows) return;
#pragma GCC unroll 4
    for (int64_t j = 0; j < 4; ++j) {
      if (j >= out.columns) break;
      const int64_t at = i * out.row + j * out.pixel + channel;
      WinogradVector value = wn::Add(y[j], bias);
      if (kRelu) value = winograd_relu(value);
      if (out.residual) value = wn::Add(value, wn::LoadU(d, out.residual + at));
      wn::StoreU(value, d, out.first + at);
    }
  }
}

/// Asks for what finish_tile will write and read.
inline void prefetch_tile(const TileOutput& out, int64_t first_channel, int64_t channels) {
  constexpr int64_t line = 16;
  for (int64_t y = 0; y < out.rows && y < kWinogradTile; ++y)
    for (int64_t x = 0; x < out.columns && x < kWinogradTile; ++x)
      for (int64_t c = 0; c < channels; c += line) {
        const int64_t at = y * out.row + x * out.pixel + first_channel + c;
        hwy::Prefetch(out.first + at);
        if (out.residual) hwy::Prefetch(out.residual + at);
      }
}

/// One panel of outputs of a block of tiles; place(t) says where tile t goes.
template <bool kRelu, class Place>
HWY_INLINE void finish_panel(const WinogradScratch& s, int64_t tiles, const float* bias,
                             int64_t first_channel, const Place& place) {
  constexpr WinogradTag d;
  const auto n = static_cast<int64_t>(wn::Lanes(d));
  const int64_t panel = 2 * n;
  TileOutput out = place(0);
  for (int64_t t = 0; t < tiles; ++t) {
    const TileOutput next = place(std::min(t + 1, tiles - 1));
    prefetch_tile(next, first_channel, panel);
    for (int64_t c = 0; c < panel; c += n) {
      const auto offset = bias ? wn::LoadU(d, bias + first_channel + c) : wn::Zero(d);
      finish_tile<kRelu>(s.sums + t * panel + c, s.sum_frequency, offset, out, first_channel + c);
    }
    out = next;
  }
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
