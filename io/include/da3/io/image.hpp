// SPDX-License-Identifier: Apache-2.0
// Image files in: which files the inputs name, and their pixels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace da3::io {

/// An image in memory: uint8 RGB, rows from the top, [height, width, 3] without padding.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> rgb;
};

/// Files larger than this many pixels are refused before they are decoded.
inline constexpr int64_t max_image_pixels = int64_t{1} << 28;

/// Replaces each folder by its images, in natural order (2.png before 10.png), not recursively, hidden files
/// left out; a file is kept as given, whatever its name. Order of inputs kept. Throws Error (kind 2, index
/// into inputs): DA3_E_NOT_FOUND for a path that is missing or unreadable (native = errno), DA3_E_INVALID for
/// a folder without images or something that is neither file nor folder.
std::vector<std::filesystem::path> list_inputs(const std::vector<std::filesystem::path>& inputs);

/// Decodes PNG, JPEG, WebP, BMP or TIFF, told by content. Alpha is dropped, grey repeated, palettes looked
/// up, 16 bits become 8 by their upper byte; of several pages the first. The orientation that the file tells
/// (EXIF) is ignored, as upstream does, unless exif_rotation: then the picture is turned upright (JPEG, PNG,
/// TIFF; OpenCV 4.6 does not know it of WebP). Throws Error: DA3_E_NOT_FOUND (native = errno) for what cannot
/// be opened, DA3_E_INVALID for an empty, damaged, cut or foreign file, DA3_E_UNSUPPORTED for an image of a
/// kind that is not read, DA3_E_SHAPE above max_image_pixels, DA3_E_NOMEM_HOST.
Image read_image(const std::filesystem::path& path, bool exif_rotation = false);

/// Whether a file begins as one that read_image decodes. False also for what cannot be opened.
bool is_image(const std::filesystem::path& path);

/// Writes a PNG, under a temporary name that is then changed; folders are made. Throws
/// Error(DA3_E_NOT_FOUND, native = errno), DA3_E_INVALID for an image that is empty.
void write_image(const std::filesystem::path& path, const Image& image);

}  // namespace da3::io
