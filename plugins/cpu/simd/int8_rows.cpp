// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/int8_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/int8_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/gelu-inl.h"

#ifndef DA3_CPU_SIMD_INT8_ROWS_ONCE
#define DA3_CPU_SIMD_INT8_ROWS_ONCE
namespace da3::cpu::simd {

constexpr float kLargest = 127.0f;  // -128 stays out, so that rows are symmetric

inline int64_t padded_channels(int64_t channels) { return (channels + 3) / 4 * 4; }

/// One value, as a vector's lanes give it: the fraction is pushed out of the mantissa.
inline int32_t to_nearest(float x) {
  constexpr float push = 12582912.0f;
  return static_cast<int32_t>((x + push) - push);
}

}  // namespace da3::cpu::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using I = hn::RebindToSigned<D>;
constexpr D d;
constexpr I integers;
constexpr hn::Rebind<int8_t, D> bytes;

/// The bits of float32 order as integers do, and NaN comes out above infinity.
HWY_INLINE float largest_magnitude(const float* row, int64_t channels) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  constexpr int32_t magnitude = std::numeric_limits<int32_t>::max();
  const auto mask = hn::Set(integers, magnitude);
  auto a = hn::Zero(integers), b = a;
  const auto bits = [&](const float* at)
                        HWY_ATTR { return hn::And(hn::BitCast(integers, hn::LoadU(d, at)), mask); };
  int64_t c = 0;
  for (; c + 2 * n <= channels; c += 2 * n) a = hn::Max(a, bits(row + c)), b = hn::Max(b, bits(row + c + n));
  for (; c + n <= channels; c += n) a = hn::Max(a, bits(row + c));
  int32_t largest = hn::GetLane(hn::MaxOfLanes(integers, hn::Max(a, b)));
  for (; c < channels; ++c) largest = std::max(largest, std::bit_cast<int32_t>(row[c]) & magnitude);
  return std::bit_cast<float>(largest);
}

/// Returns the sum of the values.
HWY_INLINE int32_t round_row(const float* row, int64_t channels, float inverse, int8_t* out) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, inverse);
  auto sums = hn::Zero(integers);
  int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const auto values = hn::NearestInt(hn::Mul(hn::LoadU(d, row + c), factor));
    sums = hn::Add(sums, values);
    hn::StoreU(hn::DemoteTo(bytes, values), bytes, out + c);
  }
  int32_t sum = hn::GetLane(hn::SumOfLanes(integers, sums));
  for (; c < channels; ++c) {
    const int32_t value = to_nearest(row[c] * inverse);
    sum += value;
    out[c] = static_cast<int8_t>(value);
  }
  return sum;
}

void quantise_int8_here(const float* x, int64_t stride, int64_t rows, int64_t channels, int8_t* out) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const int64_t padded = padded_channels(channels);
  for (int64_t r = 0; r < rows; ++r, x += stride, out += int8_row_bytes(channels)) {
    const float largest = largest_magnitude(x, channels);
    const bool finite = largest < infinity;
    float step = largest / kLargest;
    int32_t sum = 0;
    if (finite && step >= std::numeric_limits<float>::min()) {
      sum = round_row(x, channels, 1.0f / step, out);
    } else {
      std::fill_n(out, channels, finite ? int8_t{0} : int8_t{1});
      sum = finite ? 0 : static_cast<int32_t>(channels);
      if (finite) step = 0.0f;
    }
    std::fill(out + channels, out + padded, int8_t{0});
    std::memcpy(out + padded, &step, sizeof step);
    std::memcpy(out + padded + sizeof step, &sum, sizeof sum);
  }
}

void gelu_here(float* x, int64_t count) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + n <= count; i += n) hn::StoreU(gelu(d, hn::LoadU(d, x + i)), d, x + i);
  if (i == count) return;
  HWY_ALIGN float rest[hn::MaxLanes(d)] = {};
  std::copy(x + i, x + count, rest);
  hn::Store(gelu(d, hn::Load(d, rest)), d, rest);
  std::copy_n(rest, count - i, x + i);
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(quantise_int8_here);
HWY_EXPORT(gelu_here);

int64_t int8_row_bytes(int64_t channels) {
  return padded_channels(channels) + static_cast<int64_t>(sizeof(float) + sizeof(int32_t));
}

void quantise_int8(const float* x, int64_t stride, int64_t rows, int64_t channels, int8_t* out) {
  HWY_DYNAMIC_DISPATCH(quantise_int8_here)(x, stride, rows, channels, out);
}

void gelu_in_place(float* x, int64_t count) { HWY_DYNAMIC_DISPATCH(gelu_here)(x, count); }

}  // namespace da3::cpu::simd
#endif
