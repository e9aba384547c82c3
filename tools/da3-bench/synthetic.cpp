// SPDX-License-Identifier: Apache-2.0
#include "synthetic.hpp"

#include <algorithm>

namespace da3::bench {
namespace {

template <class Colour>
std::vector<uint8_t> paint(int64_t images, int64_t height, int64_t width, Colour colour) {
  std::vector<uint8_t> pixels;
  pixels.reserve(static_cast<size_t>(images * height * width * 3));
  for (int64_t image = 0; image < images; ++image)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int64_t channel = 0; channel < 3; ++channel) pixels.push_back(colour(image, y, x, channel));
  return pixels;
}

uint8_t ramp(int64_t place, int64_t places) {
  return static_cast<uint8_t>(places > 1 ? place * 255 / (places - 1) : 0);
}

}  // namespace

std::vector<uint8_t> coloured_squares(int64_t images, int64_t height, int64_t width) {
  constexpr int64_t side = 14;
  const int64_t rows = height / side, columns = width / side;
  return paint(images, height, width, [&](int64_t image, int64_t y, int64_t x, int64_t channel) {
    const int64_t square = x / side + columns * (y / side + rows * image);
    return static_cast<uint8_t>(uint32_t{2654435761u} * static_cast<uint32_t>(1 + channel + 3 * square) >>
                                24);
  });
}

std::vector<uint8_t> gradients(int64_t images, int64_t height, int64_t width) {
  return paint(images, height, width, [&](int64_t image, int64_t y, int64_t x, int64_t channel) {
    return channel == 0 ? ramp(x, width) : channel == 1 ? ramp(y, height) : ramp(image, images);
  });
}

}  // namespace da3::bench
