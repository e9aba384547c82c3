// SPDX-License-Identifier: Apache-2.0
// bfloat16 to float32 and back, for each of Highway's targets; Highway's own way back cuts where this rounds.
#if defined(DA3_CPU_SIMD_BFLOAT16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DA3_CPU_SIMD_BFLOAT16_INL_H
#undef DA3_CPU_SIMD_BFLOAT16_INL_H
#else
#define DA3_CPU_SIMD_BFLOAT16_INL_H
#endif

#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {

HWY_INLINE float load_one(const float* from) { return *from; }
HWY_INLINE float load_one(const uint16_t* from) {
  return std::bit_cast<float>(static_cast<uint32_t>(*from) << 16);
}

template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_many(D d, const float* from) {
  return hwy::HWY_NAMESPACE::LoadU(d, from);
}
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_many(D d, const uint16_t* from) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(words, hn::LoadU(halves, from))));
}

HWY_INLINE void store_one(float x, float* to) { *to = x; }
/// To nearest, ties to even; NaN stays.
HWY_INLINE void store_one(float x, uint16_t* to) {
  const auto bits = std::bit_cast<uint32_t>(x);
  *to = static_cast<uint16_t>((std::isnan(x) ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

template <class D>
HWY_INLINE void store_many(D d, hwy::HWY_NAMESPACE::Vec<D> x, float* to) {
  hwy::HWY_NAMESPACE::StoreU(x, d, to);
}
template <class D>
HWY_INLINE void store_many(D, hwy::HWY_NAMESPACE::Vec<D> x, uint16_t* to) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  const hn::RebindToSigned<D> integers;
  const auto bits = hn::BitCast(words, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(words, 0x7fff)), odd);
  const auto quiet = hn::Or(bits, hn::Set(words, 0x400000));
  const auto high = hn::ShiftRight<16>(hn::IfThenElse(hn::RebindMask(words, hn::IsNaN(x)), quiet, rounded));
  hn::StoreU(hn::DemoteTo(halves, hn::BitCast(integers, high)), halves, to);
}

}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
