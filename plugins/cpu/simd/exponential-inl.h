// SPDX-License-Identifier: Apache-2.0
// Powers of two of vectors, for each of Highway's targets.
#if defined(DA3_CPU_SIMD_EXPONENTIAL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_EXPONENTIAL_INL_H
#undef DA3_CPU_SIMD_EXPONENTIAL_INL_H
#else
#define DA3_CPU_SIMD_EXPONENTIAL_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

/// 2^x to 1e-7 for x <= 127; 2^-126 below that; NaN stays. A polynomial on [-1/2, 1/2], interpolated at
/// Chebyshev's points (2.6e-9), times a power of two by the exponent's bits.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V power_of_two(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> integers;
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  const V least = hn::Set(d, -126.0f);
  x = hn::IfThenElse(hn::Lt(x, least), least, x);
#else
  x = hn::Max(hn::Set(d, -126.0f), x);  // in this order the second operand's NaN comes through on x86
#endif
  const auto whole = hn::NearestInt(x);
  const V rest = hn::Sub(x, hn::ConvertTo(d, whole));
  V p = hn::Set(d, 1.5461444694e-4f);
  p = hn::MulAdd(p, rest, hn::Set(d, 1.3400428178e-3f));
  p = hn::MulAdd(p, rest, hn::Set(d, 9.6180566785e-3f));
  p = hn::MulAdd(p, rest, hn::Set(d, 5.5503272267e-2f));
  p = hn::MulAdd(p, rest, hn::Set(d, 2.4022650922e-1f));
  p = hn::MulAdd(p, rest, hn::Set(d, 6.9314720670e-1f));
  p = hn::MulAdd(p, rest, hn::Set(d, 1.0f));
  const auto power = hn::ShiftLeft<23>(hn::Add(whole, hn::Set(integers, 127)));
  return hn::Mul(p, hn::BitCast(d, power));
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
