// SPDX-License-Identifier: Apache-2.0
// The exact GELU, x times the normal distribution's integral, of vectors; for each of Highway's targets.
#if defined(DA3_CPU_SIMD_GELU_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_GELU_INL_H
#undef DA3_CPU_SIMD_GELU_INL_H
#else
#define DA3_CPU_SIMD_GELU_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

/// To 1.5e-7 times max(1, |x|); NaN stays. With t = |x| it is max(x, 0) - t * q(t), where q is the integral's
/// tail: a polynomial fitted on [0, 5.4], beyond which t * q(t) is below 2e-7.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V gelu(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr float kEnd = 5.4f;
  const V size = hn::Abs(x), half = hn::Set(d, 0.5f);
  const V t = hn::Min(size, hn::Set(d, kEnd));  // NaN may vanish here; the last line brings it back
  const V u = hn::MulAdd(t, hn::Set(d, 2.0f / kEnd), hn::Set(d, -1.0f));
  V q = hn::Set(d, 1.126616568e-3f);
  for (const float coefficient : {-6.100331746e-3f, 2.158139887e-3f, 2.852060556e-2f, -3.734277864e-2f,
                                  -3.937732034e-2f, 1.169968908e-1f, -4.594586064e-2f, -1.341160001e-1f,
                                  2.10859357e-1f, -7.215340156e-2f, -1.548053752e-1f, 2.673072237e-1f,
                                  -2.150143528e-1f, 1.02556414e-1f, -2.813678447e-2f, 3.466982934e-3f})
    q = hn::MulAdd(q, u, hn::Set(d, coefficient));
  return hn::NegMulAdd(t, q, hn::Mul(half, hn::Add(x, size)));
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
