// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/upsample.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/upsample.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/upsample-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

void upsample_here(const UpsampledMaps& maps, int64_t first, int64_t count, bool add, float* to) {
  for (int64_t row = first; row < first + count; ++row) {
    float* at = to + row * maps.width * maps.channels;
    const int64_t view = row / maps.height, y = row % maps.height;
    if (add)
      upsample_pixels<true>(maps, view, y, 0, maps.width, at);
    else
      upsample_pixels<false>(maps, view, y, 0, maps.width, at);
  }
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(upsample_here);

void upsample(const UpsampledMaps& maps, int64_t first, int64_t count, bool add, float* to) {
  HWY_DYNAMIC_DISPATCH(upsample_here)(maps, first, count, add, to);
}

}  // namespace da3::cpu::simd
#endif
