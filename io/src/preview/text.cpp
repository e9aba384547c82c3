// SPDX-License-Identifier: Apache-2.0
#include "preview/preview.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace da3::io {
namespace {

/// The nearest of the 256 colours that xterm made common: 16 to 231 are a cube of six levels, 232 to 255
/// greys.
int xterm_colour(const cv::Vec3b& rgb) {
  constexpr std::array<int, 6> levels{0, 95, 135, 175, 215, 255};
  const auto distance = [&](int r, int g, int b) {
    const int dr = r - rgb[0], dg = g - rgb[1], db = b - rgb[2];
    return dr * dr + dg * dg + db * db;
  };
  std::array<int, 3> at{};
  for (int c = 0; c < 3; ++c)
    for (int level = 1; level < 6; ++level)
      if (std::abs(levels[static_cast<size_t>(level)] - rgb[c]) <
          std::abs(levels[static_cast<size_t>(at[static_cast<size_t>(c)])] - rgb[c]))
        at[static_cast<size_t>(c)] = level;
  const auto level = [&](size_t c) { return levels[static_cast<size_t>(at[c])]; };
  const int cube = distance(level(0), level(1), level(2));
  const int step = std::clamp(((rgb[0] + rgb[1] + rgb[2]) / 3 - 8 + 5) / 10, 0, 23), grey = 8 + 10 * step;
  return distance(grey, grey, grey) < cube ? 232 + step : 16 + 36 * at[0] + 6 * at[1] + at[2];
}

/// layer: 38 the letter's colour, 48 the cell's.
std::string colour_code(int layer, const cv::Vec3b& rgb, bool true_colour) {
  std::string code = "\033[" + std::to_string(layer);
  if (!true_colour) return code + ";5;" + std::to_string(xterm_colour(rgb)) + "m";
  code += ";2";
  for (int c = 0; c < 3; ++c) code.append(";").append(std::to_string(rgb[c]));
  return code + "m";
}

}  // namespace

std::string as_blocks(const cv::Mat& rgb, bool true_colour) {
  constexpr std::string_view upper_half = "\xE2\x96\x80", reset = "\033[0m";
  std::string text;
  for (int y = 0; y < rgb.rows; y += 2) {
    std::string before;
    for (int x = 0; x < rgb.cols; ++x) {
      std::string colours = colour_code(38, rgb.at<cv::Vec3b>(y, x), true_colour);
      if (y + 1 < rgb.rows) colours += colour_code(48, rgb.at<cv::Vec3b>(y + 1, x), true_colour);
      if (colours != before) text += colours;
      before = std::move(colours);
      text += upper_half;
    }
    text.append(reset).append("\n");
  }
  return text;
}

std::string as_letters(const cv::Mat& rgb) {
  constexpr std::string_view ramp = " .:-=+*#%@";
  std::string text;
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto& c = rgb.at<cv::Vec3b>(y, x);
      const int luma = (299 * c[0] + 587 * c[1] + 114 * c[2]) / 1000;
      text.push_back(ramp[static_cast<size_t>(luma) * ramp.size() / 256]);
    }
    text.append("\n");
  }
  return text;
}

}  // namespace da3::io
