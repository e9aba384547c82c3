// SPDX-License-Identifier: Apache-2.0
// Upstream's picture of a depth map: inverse depth between its 2nd and 98th percentile through matplotlib's
// "Spectral", or another map. Arithmetic and its precision are numpy 1's, which upstream asks for.
#include <da3/io/export.hpp>

#include "colour_maps.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace da3::io {
namespace {

/// numpy.percentile with linear interpolation; values are reordered.
double percentile(std::vector<float>& values, double percent) {
  const double position = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(position);
  const double share = position - static_cast<double>(below);
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(below), values.end());
  const float low = values[below];
  if (below + 1 == values.size()) return low;
  const float high = *std::min_element(values.begin() + static_cast<int64_t>(below) + 1, values.end());
  const float difference = high - low;
  return share < 0.5 ? low + difference * share : high - difference * (1 - share);
}

}  // namespace

std::vector<uint8_t> colour_depth(const float* depth, int64_t height, int64_t width,
                                  std::string_view colormap) {
  const ColourMap& map = colour_map(colormap);
  constexpr int lut_size = static_cast<int>(std::tuple_size_v<ColourMap>);
  const auto count = static_cast<size_t>(height * width);
  std::vector<float> inverse(depth, depth + count), valid;
  valid.reserve(count);
  for (float& value : inverse)
    if (value > 0) valid.push_back(value = 1 / value);
  double low = 0, high = 0;
  if (valid.size() > 10) low = percentile(valid, 2), high = percentile(valid, 98);
  if (low == high) low -= 1e-6, high += 1e-6;
  const float offset = static_cast<float>(low), range = static_cast<float>(high - low);
  std::vector<uint8_t> colours(count * 3);
  for (size_t i = 0; i < count; ++i) {
    const float x = 1 - std::clamp((inverse[i] - offset) / range, 0.0f, 1.0f);
    if (std::isnan(x)) continue;  // black
    const int index = std::min(static_cast<int>(x * lut_size), lut_size - 1);
    std::copy_n(map[static_cast<size_t>(index)].begin(), 3, colours.begin() + static_cast<int64_t>(i * 3));
  }
  return colours;
}

}  // namespace da3::io
