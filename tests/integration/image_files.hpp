// SPDX-License-Identifier: Apache-2.0
// Writes pictures for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace da3::test {

/// rgb: [height, width, 3]; PNG or JPEG by the file's extension.
void write_image(const std::filesystem::path& file, int height, int width, const uint8_t* rgb);

/// Pixels that do not compress: a damaged file is damaged somewhere in the middle of the picture.
std::vector<uint8_t> noise(int height, int width);

}  // namespace da3::test
