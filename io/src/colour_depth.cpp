// SPDX-License-Identifier: Apache-2.0
// Upstream's picture of a depth map: inverse depth between its 2nd and 98th percentile through matplotlib's
// "Spectral". Arithmetic and its precision are numpy 1's, which upstream asks for.
#include <da3/io/export.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace da3::io {
namespace {

constexpr int lut_size = 256;
using Colour = std::array<uint8_t, 3>;

/// The ColorBrewer colours (11-class Spectral) with linear interpolation, truncated to bytes.
std::array<Colour, lut_size> make_spectral() {
  constexpr std::array<std::array<int, 3>, 11> anchors{{{158, 1, 66},
                                                        {213, 62, 79},
                                                        {244, 109, 67},
                                                        {253, 174, 97},
                                                        {254, 224, 139},
                                                        {255, 255, 191},
                                                        {230, 245, 152},
                                                        {171, 221, 164},
                                                        {102, 194, 165},
                                                        {50, 136, 189},
                                                        {94, 79, 162}}};
  std::array<Colour, lut_size> lut{};
  // In matplotlib's steps: its roundings decide which entries truncate to one less.
  const auto anchor_at = [](int j) { return (j == 10 ? 1.0 : j * 0.1) * (lut_size - 1); };
  for (int i = 0, right = 1; i < lut_size; ++i) {
    const double position = (lut_size - 1) * (i == lut_size - 1 ? 1.0 : i * (1.0 / (lut_size - 1)));
    while (anchor_at(right) < position) ++right;
    const double share = (position - anchor_at(right - 1)) / (anchor_at(right) - anchor_at(right - 1));
    for (int c = 0; c < 3; ++c) {
      const double low = anchors[right - 1][c] / 255.0, high = anchors[right][c] / 255.0;
      lut[i][c] = static_cast<uint8_t>((share * (high - low) + low) * 255.0);
    }
  }
  return lut;
}

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

std::vector<uint8_t> colour_depth(const float* depth, int64_t height, int64_t width) {
  static const std::array<Colour, lut_size> spectral = make_spectral();
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
    std::copy_n(spectral[static_cast<size_t>(index)].begin(), 3,
                colours.begin() + static_cast<int64_t>(i * 3));
  }
  return colours;
}

}  // namespace da3::io
