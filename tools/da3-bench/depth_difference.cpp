// SPDX-License-Identifier: Apache-2.0
#include "depth_difference.hpp"

#include <algorithm>
#include <cmath>
#include <da3/error.hpp>
#include <limits>

namespace da3::bench {

DepthDifference depth_difference(std::span<const float> depth, std::span<const float> other) {
  if (depth.size() != other.size() || depth.empty())
    throw Error(DA3_E_SHAPE, "comparing depths failed: they have " + std::to_string(depth.size()) + " and " +
                                 std::to_string(other.size()) + " pixels; compare runs of the same views");
  double largest = 0, sum = 0, magnitude = 0;
  for (size_t i = 0; i < depth.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(depth[i]) - static_cast<double>(other[i]));
    if (!std::isfinite(difference)) {
      constexpr double none = std::numeric_limits<double>::quiet_NaN();
      return {none, none, none};
    }
    largest = std::max(largest, difference);
    sum += difference;
    magnitude += std::fabs(static_cast<double>(other[i]));
  }
  const auto pixels = static_cast<double>(depth.size());
  const double mean = std::max(magnitude / pixels, std::numeric_limits<double>::min());
  return {largest, largest / mean, sum / pixels / mean};
}

}  // namespace da3::bench
