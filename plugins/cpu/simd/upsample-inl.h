// SPDX-License-Identifier: Apache-2.0
// Pixels of an upsampled image, for each of Highway's targets.
#if defined(DA3_CPU_SIMD_UPSAMPLE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_UPSAMPLE_INL_H
#undef DA3_CPU_SIMD_UPSAMPLE_INL_H
#else
#define DA3_CPU_SIMD_UPSAMPLE_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "cpu/simd/upsample.hpp"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

/// Two neighbours of a place between pixels, and how much of the second is in it.
struct Neighbours {
  int64_t low, high;
  float share;

  /// In float32 as LibTorch's, so that both mix the same pixels.
  Neighbours(int64_t at, int64_t from, int64_t to) {
    const float scale = to > 1 ? static_cast<float>(from - 1) / static_cast<float>(to - 1) : 0.0f;
    const float place = scale * static_cast<float>(at);
    low = std::min(static_cast<int64_t>(place), from - 1);
    high = std::min(low + 1, from - 1);
    share = std::clamp(place - static_cast<float>(low), 0.0f, 1.0f);
  }
};

/// The pixels [first, first + count) of a row of a view, count * channels floats.
template <bool kAdd>
HWY_INLINE void upsample_pixels(const UpsampledMaps& maps, int64_t view, int64_t row, int64_t first,
                                int64_t count, float* HWY_RESTRICT to) {
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr hn::CappedTag<float, 16> d;
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const int64_t channels = maps.channels, half = channels / 2;
  const Neighbours y(row, maps.from_height, maps.height);
  const float* top = maps.from + (view * maps.from_height + y.low) * maps.from_width * channels;
  const float* bottom = maps.from + (view * maps.from_height + y.high) * maps.from_width * channels;
  for (int64_t i = 0; i < count; ++i, to += channels) {
    const Neighbours x(first + i, maps.from_width, maps.width);
    const float *a = top + x.low * channels, *b = top + x.high * channels, *e = bottom + x.low * channels,
                *f = bottom + x.high * channels;
    const auto share_a = hn::Set(d, (1 - y.share) * (1 - x.share)),
               share_b = hn::Set(d, (1 - y.share) * x.share), share_e = hn::Set(d, y.share * (1 - x.share)),
               share_f = hn::Set(d, y.share * x.share);
    for (int64_t c = 0; c < channels; c += n) {
      auto value = hn::Mul(share_a, hn::LoadU(d, a + c));
      value = hn::MulAdd(share_b, hn::LoadU(d, b + c), value);
      value = hn::MulAdd(share_e, hn::LoadU(d, e + c), value);
      value = hn::MulAdd(share_f, hn::LoadU(d, f + c), value);
      if (maps.grid_columns)
        value = hn::Add(value, c < half ? hn::LoadU(d, maps.grid_columns + (first + i) * half + c)
                                        : hn::LoadU(d, maps.grid_rows + row * half + c - half));
      if (kAdd) value = hn::Add(hn::LoadU(d, to + c), value);
      hn::StoreU(value, d, to + c);
    }
  }
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
