// SPDX-License-Identifier: Apache-2.0
// TIFF 6.0 and BigTIFF: what the directories say. Throws EndOfData, Damaged, Unsupported.
#pragma once

#include "files.hpp"
#include "image_header.hpp"

#include <cstdint>
#include <vector>

namespace da3::io {

/// Of a whole file, as inspect_image documents.
ImageHeader inspect_tiff(std::vector<uint8_t>& bytes, bool with_orientation);

/// Pixels of all pictures of a file, at most `most`, by its directories, wherever in it they are.
uint64_t tiff_pixels(const std::vector<uint8_t>& head, const FilePart& part, uint64_t most);

}  // namespace da3::io
