// SPDX-License-Identifier: Apache-2.0
#include "mp4_boxes.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "byte_reader.hpp"

namespace da3::io {

bool is_whole_mp4(const std::filesystem::path& file) {
  std::error_code failed;
  const uint64_t size = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  if (failed || !in) return false;
  bool pictures = false, index = false;
  uint64_t at = 0;
  while (at < size) {
    std::array<uint8_t, 16> head{};
    auto* const bytes = reinterpret_cast<char*>(head.data());
    const ByteReader numbers(head, true);
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(bytes, 8)) return false;
    uint64_t length = numbers.u32(0), least = 8;
    if (length == 1) {  // the length is too large for 32 bits
      if (!in.read(bytes + 8, 8)) return false;
      length = numbers.u64(8), least = 16;
    }
    if (length < least || length > size - at) return false;
    const std::string_view name(bytes + 4, 4);
    pictures |= name == "mdat", index |= name == "moov";
    at += length;
  }
  return pictures && index;
}

}  // namespace da3::io
