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

constexpr float kRange = 253.0f;  // rounding both ends may make it 254: 127 on each side of the middle

inline int64_t padded_channels(int64_t channels) { return (channels + 3) / 4 * 4; }

/// One value, as a vector's lanes give it: the fraction is pushed out of the mantissa.
inline int32_t to_nearest(float x) {
  constexpr float push = 12582912.0f;
  return static_cast<int32_t>((x + push) - push);
}

/// Bits of float32 that order as the numbers do, NaN beyond the infinities; its own inverse.
inline int32_t ordered(int32_t bits) { return bits ^ ((bits >> 31) & std::numeric_limits<int32_t>::max()); }

/// What a row's values lie between, zero included.
struct Int8Range {
  float low, high;

  bool finite() const {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    return low > -infinity && high < infinity;
  }
};

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

HWY_INLINE Int8Range range_of(const float* row, int64_t channels) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const auto magnitude = hn::Set(integers, std::numeric_limits<int32_t>::max());
  auto low = hn::Zero(integers), high = low;
  int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const auto bits = hn::BitCast(integers, hn::LoadU(d, row + c));
    const auto value = hn::Xor(bits, hn::And(hn::ShiftRight<31>(bits), magnitude));
    low = hn::Min(low, value), high = hn::Max(high, value);
  }
  int32_t least = hn::GetLane(hn::MinOfLanes(integers, low)),
          most = hn::GetLane(hn::MaxOfLanes(integers, high));
  for (; c < channels; ++c) {
    const int32_t value = ordered(std::bit_cast<int32_t>(row[c]));
    least = std::min(least, value), most = std::max(most, value);
  }
  return {std::bit_cast<float>(ordered(least)), std::bit_cast<float>(ordered(most))};
}

/// Returns the sum of the values.
HWY_INLINE int32_t round_row(const float* row, int64_t channels, float inverse, int32_t middle, int8_t* out) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, inverse);
  const auto middles = hn::Set(integers, middle);
  auto sums = hn::Zero(integers);
  int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const auto values = hn::Sub(hn::NearestInt(hn::Mul(hn::LoadU(d, row + c), factor)), middles);
    sums = hn::Add(sums, values);
    hn::StoreU(hn::DemoteTo(bytes, values), bytes, out + c);
  }
  int32_t sum = hn::GetLane(hn::SumOfLanes(integers, sums));
  for (; c < channels; ++c) {
    const int32_t value = to_nearest(row[c] * inverse) - middle;
    sum += value;
    out[c] = static_cast<int8_t>(value);
  }
  return sum;
}

void quantise_int8_here(const float* x, int64_t stride, int64_t rows, int64_t channels, int8_t* out) {
  const int64_t padded = padded_channels(channels);
  for (int64_t r = 0; r < rows; ++r, x += stride, out += int8_row_bytes(channels)) {
    const Int8Range range = range_of(x, channels);
    float step = range.high / kRange - range.low / kRange;
    int32_t sum = 0, middle = 0;
    if (range.finite() && step >= std::numeric_limits<float>::min()) {
      const float inverse = 1.0f / step;
      // The smallest value becomes -127, and the largest, at most 254 above it, no more than 127.
      middle = to_nearest(range.low * inverse) + 127;
      sum = round_row(x, channels, inverse, middle, out);
    } else {
      std::fill_n(out, channels, range.finite() ? int8_t{0} : int8_t{1});
      sum = range.finite() ? 0 : static_cast<int32_t>(channels);
      if (range.finite()) step = 0.0f;
    }
    std::fill(out + channels, out + padded, int8_t{0});
    const Int8RowTail tail{step, sum, middle};
    std::memcpy(out + padded, &tail, sizeof tail);
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
  return padded_channels(channels) + static_cast<int64_t>(sizeof(Int8RowTail));
}

void quantise_int8(const float* x, int64_t stride, int64_t rows, int64_t channels, int8_t* out) {
  HWY_DYNAMIC_DISPATCH(quantise_int8_here)(x, stride, rows, channels, out);
}

void gelu_in_place(float* x, int64_t count) { HWY_DYNAMIC_DISPATCH(gelu_here)(x, count); }

}  // namespace da3::cpu::simd
#endif
