// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace da3::bench {

/// Of one depth against another of the same size. Not a number where either holds one that is not finite.
struct DepthDifference {
  double largest = 0;           ///< in the model's unit
  double largest_relative = 0;  ///< over the mean of the other's magnitude
  double mean_relative = 0;
};

/// Throws Error(DA3_E_SHAPE) for different sizes or none at all.
DepthDifference depth_difference(std::span<const float> depth, std::span<const float> other);

}  // namespace da3::bench
