// SPDX-License-Identifier: Apache-2.0
// The layer norm of one row, for each of Highway's targets.
#if defined(DA3_CPU_SIMD_NORM_ROW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_NORM_ROW_INL_H
#undef DA3_CPU_SIMD_NORM_ROW_INL_H
#else
#define DA3_CPU_SIMD_NORM_ROW_INL_H
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstdint>

#include "cpu/simd/bfloat16-inl.h"
#include "cpu/simd/layer_norm.hpp"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace norm_row_detail {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr D d;

/// The sum of x - centre over a row, or of its square, in four independent chains.
template <bool kSquared>
HWY_INLINE float sum_of(const float* row, int64_t channels, float centre) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const V middle = hn::Set(d, centre);
  const auto term = [&](V sum, const float* at) HWY_ATTR {
    const V off = hn::Sub(hn::LoadU(d, at), middle);
    return kSquared ? hn::MulAdd(off, off, sum) : hn::Add(sum, off);
  };
  V a = hn::Zero(d), b = a, e = a, f = a;
  int64_t c = 0;
  for (; c + 4 * n <= channels; c += 4 * n) {
    a = term(a, row + c), b = term(b, row + c + n);
    e = term(e, row + c + 2 * n), f = term(f, row + c + 3 * n);
  }
  for (; c + n <= channels; c += n) a = term(a, row + c);
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(e, f))));
  for (; c < channels; ++c) {
    const float off = row[c] - centre;
    sum += kSquared ? off * off : off;
  }
  return sum;
}

}  // namespace norm_row_detail

/// In float32 or rounded to bfloat16; out may be row.
template <class T>
HWY_INLINE void norm_row(const float* row, int64_t channels, const NormParameters& norm, T* out) {
  using namespace norm_row_detail;
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const auto count = static_cast<float>(channels);
  // Two passes over a row that lies in the nearest cache: the squares' sum alone would cancel.
  const float mean = sum_of<false>(row, channels, 0.0f) / count;
  const float variance = sum_of<true>(row, channels, mean) / count;
  const float scale = 1.0f / std::sqrt(variance + norm.eps);
  const V means = hn::Set(d, mean), scales = hn::Set(d, scale);
  int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const V normed = hn::Mul(hn::Sub(hn::LoadU(d, row + c), means), scales);
    store_many(d, hn::MulAdd(normed, hn::LoadU(d, norm.weight + c), hn::LoadU(d, norm.bias + c)), out + c);
  }
  for (; c < channels; ++c) store_one((row[c] - mean) * scale * norm.weight[c] + norm.bias[c], out + c);
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
