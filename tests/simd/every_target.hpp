// SPDX-License-Identifier: Apache-2.0
// Runs a check on each instruction set that is compiled in and that this machine has.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <random>
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

}  // namespace da3::test
