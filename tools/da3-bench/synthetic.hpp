// SPDX-License-Identifier: Apache-2.0
// Images that need no file and no image library; the same everywhere.
#pragma once

#include <cstdint>
#include <vector>

namespace da3::bench {

/// RGB [images, height, width, 3]. Squares of 14 pixels, each of a colour of its own: channel c of the square
/// (x, y) of image i is the top byte of 2654435761 * (1 + c + 3 * (x + columns * (y + rows * i))) modulo
/// 2^32.
std::vector<uint8_t> coloured_squares(int64_t images, int64_t height, int64_t width);

/// RGB [images, height, width, 3]: red grows to the right, green downwards, blue from image to image.
std::vector<uint8_t> gradients(int64_t images, int64_t height, int64_t width);

}  // namespace da3::bench
