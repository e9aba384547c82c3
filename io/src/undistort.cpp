// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/lens.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>

#include "lens_function.hpp"

namespace da3::io {
namespace {

constexpr double most_zoom = 2;
constexpr int64_t strip_rows = 64;  // the maps of a whole picture would be larger than the picture

/// From a pixel of the undistorted picture to one of the distorted, both as COLMAP counts.
class Map {
 public:
  Map(const Lens& lens, const Intrinsics& k, double zoom)
      : lens_(lens),
        apply_(lens_function(lens)),
        fx_(k[0]),
        fy_(k[4]),
        cx_(k[2]),
        cy_(k[5]),
        skew_(k[1]),
        zoom_(zoom) {}

  std::array<double, 2> at(double u, double v) const {
    const auto [x, y] = ray(u, v);
    const auto seen = apply_(lens_.parameters, {x, y});
    return {fx_ * seen[0] + skew_ * seen[1] + cx_, fy_ * seen[1] + cy_};
  }

  /// Whether neighbours stay neighbours in the same order.
  bool keeps_order(double u, double v) const {
    const auto [x, y] = ray(u, v);
    constexpr double step = 1e-5;
    const auto left = apply_(lens_.parameters, {x - step, y}),
               right = apply_(lens_.parameters, {x + step, y});
    const auto above = apply_(lens_.parameters, {x, y - step}),
               below = apply_(lens_.parameters, {x, y + step});
    return (right[0] - left[0]) * (below[1] - above[1]) - (below[0] - above[0]) * (right[1] - left[1]) > 0 &&
           right[0] > left[0] && below[1] > above[1];
  }

 private:
  std::array<double, 2> ray(double u, double v) const {
    const double y = (v - cy_) / (fy_ * zoom_);
    return {(u - cx_ - skew_ * zoom_ * y) / (fx_ * zoom_), y};
  }

  const Lens& lens_;
  const LensFunction apply_;
  double fx_, fy_, cx_, cy_, skew_, zoom_;
};

/// Middles of pixels along the border of a picture, and a grid inside of it.
std::vector<std::array<double, 2>> places(int64_t height, int64_t width, bool inside) {
  constexpr int count = 32;
  std::vector<std::array<double, 2>> list;
  for (int row = 0; row <= count; ++row)
    for (int column = 0; column <= count; ++column)
      if (inside || row == 0 || row == count || column == 0 || column == count)
        list.push_back({0.5 + static_cast<double>(width - 1) * column / count,
                        0.5 + static_cast<double>(height - 1) * row / count});
  return list;
}

bool shows_all(const Map& map, int64_t height, int64_t width) {
  constexpr double slack = 1e-6;
  const auto border = places(height, width, false);
  return std::all_of(border.begin(), border.end(), [&](const auto& place) {
    const auto [u, v] = map.at(place[0], place[1]);
    return u >= 0.5 - slack && v >= 0.5 - slack && u <= static_cast<double>(width) - 0.5 + slack &&
           v <= static_cast<double>(height) - 0.5 + slack;
  });
}

[[noreturn]] void refuse(const Lens& lens, const std::string& why) {
  throw Error(DA3_E_UNSUPPORTED, "taking out the distortion of a " + lens.model + " lens failed: it " + why +
                                     "; check the camera's parameters, or undistort the images with COLMAP's "
                                     "image_undistorter");
}

}  // namespace

double undistortion_zoom(const Lens& lens, const Intrinsics& k, int64_t height, int64_t width) {
  if (!lens.distorts()) return 1;
  double zoom = 1;
  if (!shows_all({lens, k, 1}, height, width)) {
    double low = 1, high = most_zoom;
    if (!shows_all({lens, k, high}, height, width)) refuse(lens, "shows too small a part of the picture");
    for (int i = 0; i < 40; ++i) {
      const double middle = (low + high) / 2;
      (shows_all({lens, k, middle}, height, width) ? high : low) = middle;
    }
    zoom = high;
  }
  const Map map(lens, k, zoom);
  for (const auto& [u, v] : places(height, width, true))
    if (!map.keeps_order(u, v)) refuse(lens, "folds the picture");
  return zoom;
}

Image undistort(const Image& image, const Lens& lens, Intrinsics& intrinsics) {
  const double zoom = undistortion_zoom(lens, intrinsics, image.height, image.width);
  const Map map(lens, intrinsics, zoom);
  Image result{image.height, image.width, std::vector<uint8_t>(image.rgb.size())};
  const int width = static_cast<int>(image.width);
  const cv::Mat source(static_cast<int>(image.height), width, CV_8UC3,
                       const_cast<uint8_t*>(image.rgb.data()));
  for (int64_t top = 0; top < image.height; top += strip_rows) {
    const int rows = static_cast<int>(std::min(strip_rows, image.height - top));
    cv::Mat columns(rows, width, CV_32FC1), lines(rows, width, CV_32FC1);
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < width; ++column) {
        const auto [u, v] = map.at(column + 0.5, static_cast<double>(top + row) + 0.5);
        columns.at<float>(row, column) = static_cast<float>(u - 0.5);
        lines.at<float>(row, column) = static_cast<float>(v - 0.5);
      }
    cv::Mat strip(rows, width, CV_8UC3, result.rgb.data() + top * image.width * 3);
    cv::remap(source, strip, columns, lines, cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  }
  for (const size_t i : {size_t{0}, size_t{1}, size_t{4}})
    intrinsics[i] = static_cast<float>(intrinsics[i] * zoom);
  return result;
}

}  // namespace da3::io
