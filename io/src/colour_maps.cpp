// SPDX-License-Identifier: Apache-2.0
// "spectral" is computed as matplotlib does, because upstream's pictures must come out to the bit; the others
// are OpenCV's tables.
#include "colour_maps.hpp"

#include <da3/error.hpp>
#include <da3/io/settings.hpp>

#include <opencv2/imgproc.hpp>

#include <map>
#include <string>

namespace da3::io {
namespace {

constexpr int lut_size = 256;

/// The ColorBrewer colours (11-class Spectral) with linear interpolation, truncated to bytes.
ColourMap make_spectral() {
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
  ColourMap lut{};
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

/// From near to far: what is near is bright or warm.
ColourMap make_grey() {
  ColourMap map{};
  for (size_t i = 0; i < map.size(); ++i) map[i].fill(static_cast<uint8_t>(255 - i));
  return map;
}

ColourMap make_of_opencv(int which) {
  cv::Mat ramp(1, lut_size, CV_8U), colours;
  for (int i = 0; i < lut_size; ++i) ramp.at<uint8_t>(i) = static_cast<uint8_t>(255 - i);
  cv::applyColorMap(ramp, colours, which);
  ColourMap map{};
  for (int i = 0; i < lut_size; ++i) {
    const auto& bgr = colours.at<cv::Vec3b>(i);
    map[static_cast<size_t>(i)] = {bgr[2], bgr[1], bgr[0]};
  }
  return map;
}

const std::map<std::string_view, ColourMap>& all_maps() {
  static const std::map<std::string_view, ColourMap> maps{
      {"spectral", make_spectral()},
      {"turbo", make_of_opencv(cv::COLORMAP_TURBO)},
      {"viridis", make_of_opencv(cv::COLORMAP_VIRIDIS)},
      {"magma", make_of_opencv(cv::COLORMAP_MAGMA)},
      {"inferno", make_of_opencv(cv::COLORMAP_INFERNO)},
      {"plasma", make_of_opencv(cv::COLORMAP_PLASMA)},
      {"cividis", make_of_opencv(cv::COLORMAP_CIVIDIS)},
      {"jet", make_of_opencv(cv::COLORMAP_JET)},
      {"hot", make_of_opencv(cv::COLORMAP_HOT)},
      {"bone", make_of_opencv(cv::COLORMAP_BONE)},
      {"gray", make_grey()},
  };
  return maps;
}

}  // namespace

const ColourMap& colour_map(std::string_view name) {
  const auto found = all_maps().find(name);
  if (found != all_maps().end()) return found->second;
  std::string known;
  for (const Choice& choice : colormaps) known.append(known.empty() ? "" : ", ").append(choice.name);
  throw Error(DA3_E_BAD_VALUE, "colour map \"" + std::string(name) + "\" is unknown; use one of " + known);
}

}  // namespace da3::io
