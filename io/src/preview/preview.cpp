// SPDX-License-Identifier: Apache-2.0
#include "preview/preview.hpp"

#include <da3/error.hpp>
#include <da3/io/export.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace da3::io {
namespace {

constexpr int64_t most_views = 4;

/// The largest size in the picture's proportions; a pixel is pixel_width times as wide as it is high.
/// Pictures are enlarged too: those of small networks would be hardly seen.
cv::Size fitted(const cv::Mat& image, cv::Size room, double pixel_width) {
  const double scale =
      std::min(room.width * pixel_width / image.cols, static_cast<double>(room.height) / image.rows);
  const auto side = [](double value, int most) {
    return std::clamp(static_cast<int>(std::lround(value)), 1, most);
  };
  return {side(image.cols * scale / pixel_width, room.width), side(image.rows * scale, room.height)};
}

cv::Mat resized(const cv::Mat& image, cv::Size size) {
  cv::Mat result;
  const bool grows = size.width > image.cols || size.height > image.rows;
  cv::resize(image, result, size, 0, 0, grows ? cv::INTER_LINEAR : cv::INTER_AREA);
  return result;
}

std::string show(const cv::Mat& image, const PreviewOptions& o) {
  const int columns = std::max(o.columns, 1), rows = std::max(o.rows, 1);
  if (o.kind == PreviewKind::blocks)
    return as_blocks(resized(image, fitted(image, {columns, 2 * rows}, 1)), o.true_colour);
  if (o.kind == PreviewKind::letters) return as_letters(resized(image, fitted(image, {columns, rows}, 0.5)));
  const cv::Size room(columns * std::max(o.cell_width, 1), rows * std::max(o.cell_height, 1));
  const cv::Mat pixels = resized(image, fitted(image, room, 1));
  return o.kind == PreviewKind::kitty ? as_kitty(pixels) : as_sixel(pixels);
}

}  // namespace

std::string preview_image(const Image& image, const PreviewOptions& options) {
  if (image.height < 1 || image.width < 1 ||
      image.rgb.size() != static_cast<size_t>(image.height) * static_cast<size_t>(image.width) * 3)
    throw Error(DA3_E_SHAPE,
                "showing a picture failed: its pixels do not fit its height and width; give 3 bytes a pixel");
  return show(cv::Mat(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                      const_cast<uint8_t*>(image.rgb.data())),
              options);
}

std::string preview(const Prediction& p, const PreviewOptions& options) {
  const int views = static_cast<int>(std::min(p.views, most_views));
  const int height = static_cast<int>(p.height), width = static_cast<int>(p.width);
  const int gap = views > 1 ? std::max(width / 40, 1) : 0;
  cv::Mat all(height, views * width + (views - 1) * gap, CV_8UC3, cv::Scalar::all(0));
  for (int view = 0; view < views; ++view) {
    auto colours = colour_depth(&p.depth[static_cast<size_t>(view) * static_cast<size_t>(p.height * p.width)],
                                p.height, p.width, options.colormap);
    cv::Mat(height, width, CV_8UC3, colours.data())
        .copyTo(all(cv::Rect(view * (width + gap), 0, width, height)));
  }
  return show(all, options);
}

}  // namespace da3::io
