// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/layer_norm.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/layer_norm.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

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

HWY_INLINE void norm_row(const float* row, int64_t channels, const NormParameters& norm, float* out) {
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
    hn::StoreU(hn::MulAdd(normed, hn::LoadU(d, norm.weight + c), hn::LoadU(d, norm.bias + c)), d, out + c);
  }
  for (; c < channels; ++c) out[c] = (row[c] - mean) * scale * norm.weight[c] + norm.bias[c];
}

void layer_norm_here(const float* x, int64_t stride, int64_t rows, int64_t channels,
                     const NormParameters& norm, float* out) {
  for (int64_t r = 0; r < rows; ++r) norm_row(x + r * stride, channels, norm, out + r * channels);
}

void add_layer_norm_here(float* x, const float* delta, int64_t rows, int64_t channels,
                         const NormParameters& norm, float* out) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < rows; ++r, x += channels, delta += channels, out += channels) {
    int64_t c = 0;
    for (; c + n <= channels; c += n)
      hn::StoreU(hn::Add(hn::LoadU(d, x + c), hn::LoadU(d, delta + c)), d, x + c);
    for (; c < channels; ++c) x[c] += delta[c];
    norm_row(x, channels, norm, out);
  }
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(layer_norm_here);
HWY_EXPORT(add_layer_norm_here);

void layer_norm(const float* x, int64_t stride, int64_t rows, int64_t channels, const NormParameters& norm,
                float* out) {
  HWY_DYNAMIC_DISPATCH(layer_norm_here)(x, stride, rows, channels, norm, out);
}

void add_layer_norm(float* x, const float* delta, int64_t rows, int64_t channels, const NormParameters& norm,
                    float* out) {
  HWY_DYNAMIC_DISPATCH(add_layer_norm_here)(x, delta, rows, channels, norm, out);
}

}  // namespace da3::cpu::simd
#endif
