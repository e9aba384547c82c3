// SPDX-License-Identifier: Apache-2.0
// What must be known of an image file before a decoder sees it: its kind, its size, and that its end is
// there. Decoders fill the missing part of a cut file with grey and allocate whatever the header says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

struct ImageHeader {
  const char* kind = "";  ///< "PNG", "JPEG", "WebP", "BMP" or "TIFF"
  int64_t width = 0, height = 0;
};

/// Throws Error as read_image documents; what begins the sentence. bytes may be changed so that the decoder
/// does as read_image promises: PNG loses its ancillary chunks (transparency, colour profiles whose faults
/// libpng prints), TIFF's alpha is declared so that libtiff does not multiply the colours with it.
/// with_orientation: what the file says of its orientation stays; else it is taken out where OpenCV would
/// always follow it (TIFF). The size is that of the stored picture in either case.
ImageHeader inspect_image(std::vector<uint8_t>& bytes, const std::string& what,
                          bool with_orientation = false);

/// The bytes of an image file, inspected. Of a file that is no image, or that is larger than its picture can
/// need, only the beginning is read. Throws as read_file and inspect_image do.
std::vector<uint8_t> read_image_file(const std::filesystem::path& path, const std::string& what,
                                     ImageHeader& header, bool with_orientation = false);

}  // namespace da3::io
