// SPDX-License-Identifier: Apache-2.0
// Depth of rendered pictures as colours: its logarithm between the 1st and 99th percentile, in a colour map.
#pragma once

#include "colour_maps.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace da3::io {

class DepthScale {
 public:
  DepthScale() = default;
  DepthScale(double nearest, double farthest);

  /// Black where nothing is (depth 0).
  std::array<uint8_t, 3> colour(float depth, const ColourMap& map) const;

 private:
  float low_ = 0, range_ = 1;  ///< logarithms
};

/// Depths of some pictures, not more than four million in all.
class DepthSamples {
 public:
  explicit DepthSamples(size_t pictures) : pictures_(pictures) {}
  void add(std::span<const float> depth);
  DepthScale scale() const;

 private:
  size_t pictures_;
  std::vector<float> values_;
};

}  // namespace da3::io
