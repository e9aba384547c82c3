// SPDX-License-Identifier: Apache-2.0
// One function for each way of showing a picture. They get RGB of the size they show.
#pragma once

#include <da3/io/preview.hpp>

#include <opencv2/core.hpp>

#include <string>

namespace da3::io {

/// A row of cells is two rows of pixels.
std::string as_blocks(const cv::Mat& rgb, bool true_colour);
/// A cell is a pixel.
std::string as_letters(const cv::Mat& rgb);
std::string as_kitty(const cv::Mat& rgb);
std::string as_sixel(const cv::Mat& rgb);

}  // namespace da3::io
