// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/head_rows.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/head_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/bfloat16-inl.h"
#include "cpu/simd/norm_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr D d;

/// Turns the pairs (first, second) of one axis: RoFormer's rotation of halves
/// (https://arxiv.org/abs/2104.09864).
HWY_INLINE void turn(float* first, float* second, const float* cos, const float* sin, int64_t count) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + n <= count; c += n) {
    const V x = hn::LoadU(d, first + c), y = hn::LoadU(d, second + c);
    const V a = hn::LoadU(d, cos + c), b = hn::LoadU(d, sin + c);
    hn::StoreU(hn::Sub(hn::Mul(x, a), hn::Mul(y, b)), d, first + c);
    hn::StoreU(hn::MulAdd(y, a, hn::Mul(x, b)), d, second + c);
  }
  for (; c < count; ++c) {
    const float x = first[c], y = second[c];
    first[c] = x * cos[c] - y * sin[c];
    second[c] = y * cos[c] + x * sin[c];
  }
}

HWY_INLINE void scale_row(float* row, float scale) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const V by = hn::Set(d, scale);
  for (int64_t c = 0; c < kMostHeadChannels; c += n)
    hn::StoreU(hn::Mul(hn::LoadU(d, row + c), by), d, row + c);
}

template <class T>
HWY_INLINE void prepare(const HeadRows<const T>& rows, int64_t first, int64_t count, const RowSteps& steps,
                        float* to) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const int64_t channels = rows.channels, quarter = channels / 4;
  const T* from = rows.data + first * rows.stride;
  for (int64_t i = 0; i < count; ++i, from += rows.stride, to += kMostHeadChannels) {
    int64_t c = 0;
    for (; c + n <= channels; c += n) store_many(d, load_many(d, from + c), to + c);
    for (; c < channels; ++c) to[c] = load_one(from + c);
    std::fill(to + channels, to + kMostHeadChannels, 0.0f);
    if (steps.weight) norm_row(to, channels, {steps.weight, steps.bias, steps.eps}, to);
    if (steps.cos && (first + i) % steps.period == 0) {
      const int64_t at = (first + i) / steps.period * steps.rotation_stride;
      for (int64_t axis = 0; axis < 2; ++axis)
        turn(to + 2 * axis * quarter, to + (2 * axis + 1) * quarter, steps.cos + at + axis * quarter,
             steps.sin + at + axis * quarter, quarter);
    }
    if (steps.scale != 1.0f) scale_row(to, steps.scale);
  }
}

void prepare_float(const HeadRows<const float>& rows, int64_t first, int64_t count, const RowSteps& steps,
                   float* to) {
  prepare(rows, first, count, steps, to);
}

void prepare_bfloat16(const HeadRows<const bfloat16>& rows, int64_t first, int64_t count,
                      const RowSteps& steps, float* to) {
  prepare(rows, first, count, steps, to);
}

#if HWY_TARGET == HWY_SCALAR
void transpose_here(const float* rows, int64_t columns, float* to) {
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = 0; r < kPanel; ++r) to[c * kPanel + r] = rows[r * kMostHeadChannels + c];
}
#else
/// Four by four.
void transpose_here(const float* rows, int64_t columns, float* to) {
  const hn::FixedTag<float, 4> quad;
  const hn::FixedTag<double, 2> pair;
  const auto low = [&](auto a, auto b) HWY_ATTR {
    return hn::BitCast(quad, hn::InterleaveLower(pair, hn::BitCast(pair, a), hn::BitCast(pair, b)));
  };
  const auto high = [&](auto a, auto b) HWY_ATTR {
    return hn::BitCast(quad, hn::InterleaveUpper(pair, hn::BitCast(pair, a), hn::BitCast(pair, b)));
  };
  for (int64_t c = 0; c < columns; c += 4) {
    for (int64_t r = 0; r < kPanel; r += 4) {
      const float* from = rows + r * kMostHeadChannels + c;
      const auto x0 = hn::LoadU(quad, from), x1 = hn::LoadU(quad, from + kMostHeadChannels),
                 x2 = hn::LoadU(quad, from + 2 * kMostHeadChannels),
                 x3 = hn::LoadU(quad, from + 3 * kMostHeadChannels);
      const auto a = hn::InterleaveLower(quad, x0, x1), b = hn::InterleaveLower(quad, x2, x3),
                 e = hn::InterleaveUpper(quad, x0, x1), f = hn::InterleaveUpper(quad, x2, x3);
      float* at = to + c * kPanel + r;
      hn::StoreU(low(a, b), quad, at);
      hn::StoreU(high(a, b), quad, at + kPanel);
      hn::StoreU(low(e, f), quad, at + 2 * kPanel);
      hn::StoreU(high(e, f), quad, at + 3 * kPanel);
    }
  }
}
#endif

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(prepare_float);
HWY_EXPORT(prepare_bfloat16);
HWY_EXPORT(transpose_here);

void prepare_rows(const HeadRows<const float>& rows, int64_t first, int64_t count, const RowSteps& steps,
                  float* to) {
  HWY_DYNAMIC_DISPATCH(prepare_float)(rows, first, count, steps, to);
}

void prepare_rows(const HeadRows<const bfloat16>& rows, int64_t first, int64_t count, const RowSteps& steps,
                  float* to) {
  HWY_DYNAMIC_DISPATCH(prepare_bfloat16)(rows, first, count, steps, to);
}

void transpose_panel(const float* rows, int64_t columns, float* to) {
  HWY_DYNAMIC_DISPATCH(transpose_here)(rows, columns, to);
}

}  // namespace da3::cpu::simd
#endif
