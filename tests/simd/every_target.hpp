// SPDX-License-Identifier: Apache-2.0
// Runs a check on each instruction set that is compiled in and that this machine has.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

namespace da3::test {

template <class Body>
void on_every_target(Body body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

/// Normal numbers, the same in each run.
inline std::vector<float> normal_numbers(size_t count, uint32_t seed, float deviation = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

inline float value_of(float x) { return x; }
inline float value_of(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

/// To float, or to the bits of bfloat16 (to nearest, ties to even).
template <class To, class From>
std::vector<To> converted(const std::vector<From>& from) {
  std::vector<To> to(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const float x = value_of(from[i]);
    if constexpr (std::is_same_v<To, float>) {
      to[i] = x;
    } else {
      const auto bits = std::bit_cast<uint32_t>(x);
      to[i] = std::isnan(x) ? To{0x7fc0} : static_cast<To>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
  }
  return to;
}

}  // namespace da3::test
