// SPDX-License-Identifier: Apache-2.0
#include "formats/depth_scale.hpp"

#include "percentile.hpp"

#include <algorithm>
#include <cmath>

namespace da3::io {
namespace {

constexpr size_t most_values = size_t{4} << 20;

}  // namespace

DepthScale::DepthScale(double nearest, double farthest)
    : low_(static_cast<float>(std::log(nearest))),
      range_(static_cast<float>(std::max(std::log(farthest / nearest), 1e-6))) {}

std::array<uint8_t, 3> DepthScale::colour(float depth, const ColourMap& map) const {
  if (!(depth > 0)) return {};
  const float share = std::clamp((std::log(depth) - low_) / range_, 0.0f, 1.0f);
  const auto colours = static_cast<float>(map.size());
  return map[std::min(static_cast<size_t>(share * colours), map.size() - 1)];
}

void DepthSamples::add(std::span<const float> depth) {
  const size_t step = std::max<size_t>(1, depth.size() * pictures_ / most_values);
  for (size_t i = 0; i < depth.size(); i += step)
    if (depth[i] > 0) values_.push_back(depth[i]);
}

DepthScale DepthSamples::scale() const {
  if (values_.empty()) return {};
  const auto each = [&](auto&& visit) {
    for (const float value : values_) visit(value);
  };
  const Percentiles percentiles(each, values_.size());
  return {percentiles(1), percentiles(99)};
}

}  // namespace da3::io
