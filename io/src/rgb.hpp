// SPDX-License-Identifier: Apache-2.0
// Pixels as OpenCV decodes them and as the rest of the program has them.
#pragma once

#include <da3/io/image.hpp>

#include <opencv2/imgproc.hpp>

namespace da3::io {

/// bgr: CV_8UC3. The image's memory is used again where it is large enough. Throws std::bad_alloc.
inline void to_rgb(const cv::Mat& bgr, Image& image) {
  image.height = bgr.rows, image.width = bgr.cols;
  image.rgb.resize(bgr.total() * 3);
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, image.rgb.data());
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
}

}  // namespace da3::io
