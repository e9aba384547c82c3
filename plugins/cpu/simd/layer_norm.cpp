// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/layer_norm.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/layer_norm.cpp"
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

template <class T>
HWY_INLINE void norm_rows(const float* x, int64_t stride, int64_t rows, int64_t channels,
                          const NormParameters& norm, T* out) {
  for (int64_t r = 0; r < rows; ++r) norm_row(x + r * stride, channels, norm, out + r * channels);
}

void layer_norm_here(const float* x, int64_t stride, int64_t rows, int64_t channels,
                     const NormParameters& norm, float* out) {
  norm_rows(x, stride, rows, channels, norm, out);
}

void layer_norm_bfloat16(const float* x, int64_t stride, int64_t rows, int64_t channels,
                         const NormParameters& norm, uint16_t* out) {
  norm_rows(x, stride, rows, channels, norm, out);
}

/// scale may be NULL.
template <class T>
HWY_INLINE void add_row(float* x, const T* delta, const float* scale, int64_t channels) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const V sum = hn::LoadU(d, x + c), more = load_many(d, delta + c);
    hn::StoreU(scale ? hn::MulAdd(more, hn::LoadU(d, scale + c), sum) : hn::Add(sum, more), d, x + c);
  }
  for (; c < channels; ++c) x[c] += scale ? load_one(delta + c) * scale[c] : load_one(delta + c);
}

template <class T>
HWY_INLINE void add_and_norm(float* x, const T* delta, const float* scale, int64_t rows, int64_t channels,
                             const NormParameters& norm, T* out) {
  for (int64_t r = 0; r < rows; ++r, x += channels, delta += channels, out += channels) {
    add_row(x, delta, scale, channels);
    norm_row(x, channels, norm, out);
  }
}

void add_layer_norm_here(float* x, const float* delta, int64_t rows, int64_t channels,
                         const NormParameters& norm, float* out) {
  add_and_norm(x, delta, nullptr, rows, channels, norm, out);
}

void add_layer_norm_bfloat16(float* x, const uint16_t* delta, const float* scale, int64_t rows,
                             int64_t channels, const NormParameters& norm, uint16_t* out) {
  add_and_norm(x, delta, scale, rows, channels, norm, out);
}

void add_scaled_here(float* x, const uint16_t* delta, const float* scale, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) add_row(x + r * channels, delta + r * channels, scale, channels);
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(layer_norm_here);
HWY_EXPORT(layer_norm_bfloat16);
HWY_EXPORT(add_layer_norm_here);
HWY_EXPORT(add_layer_norm_bfloat16);
HWY_EXPORT(add_scaled_here);

void layer_norm(const float* x, int64_t stride, int64_t rows, int64_t channels, const NormParameters& norm,
                float* out) {
  HWY_DYNAMIC_DISPATCH(layer_norm_here)(x, stride, rows, channels, norm, out);
}

void layer_norm(const float* x, int64_t stride, int64_t rows, int64_t channels, const NormParameters& norm,
                uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(layer_norm_bfloat16)(x, stride, rows, channels, norm, out);
}

void add_layer_norm(float* x, const float* delta, int64_t rows, int64_t channels, const NormParameters& norm,
                    float* out) {
  HWY_DYNAMIC_DISPATCH(add_layer_norm_here)(x, delta, rows, channels, norm, out);
}

void add_layer_norm(float* x, const uint16_t* delta, const float* scale, int64_t rows, int64_t channels,
                    const NormParameters& norm, uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(add_layer_norm_bfloat16)(x, delta, scale, rows, channels, norm, out);
}

void add_scaled(float* x, const uint16_t* delta, const float* scale, int64_t rows, int64_t channels) {
  HWY_DYNAMIC_DISPATCH(add_scaled_here)(x, delta, scale, rows, channels);
}

}  // namespace da3::cpu::simd
#endif
