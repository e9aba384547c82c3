// SPDX-License-Identifier: Apache-2.0
#include "image_files.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

namespace da3::test {

void write_image(const std::filesystem::path& file, int height, int width, const uint8_t* rgb) {
  cv::Mat bgr(height, width, CV_8UC3);
  for (int i = 0; i < height * width; ++i)
    for (int channel = 0; channel < 3; ++channel) bgr.data[i * 3 + channel] = rgb[i * 3 + 2 - channel];
  if (!cv::imwrite(file.string(), bgr)) throw std::runtime_error("cannot write " + file.string());
}

std::vector<uint8_t> noise(int height, int width) {
  std::vector<uint8_t> pixels(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
  uint32_t state = 1;
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return pixels;
}

}  // namespace da3::test
