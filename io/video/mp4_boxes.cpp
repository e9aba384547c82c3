// SPDX-License-Identifier: Apache-2.0
#include "mp4_boxes.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

namespace da3::io {
namespace {

uint64_t big_endian(const char* bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

bool is_whole_mp4(const std::filesystem::path& file) {
  std::error_code failed;
  const uint64_t size = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  if (failed || !in) return false;
  bool pictures = false, index = false;
  uint64_t at = 0;
  while (at < size) {
    std::array<char, 16> head{};
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(head.data(), 8)) return false;
    uint64_t length = big_endian(head.data(), 4), least = 8;
    if (length == 1) {  // the length is too large for 32 bits
      if (!in.read(head.data() + 8, 8)) return false;
      length = big_endian(head.data() + 8, 8), least = 16;
    }
    if (length < least || length > size - at) return false;
    const std::string_view name(head.data() + 4, 4);
    pictures |= name == "mdat", index |= name == "moov";
    at += length;
  }
  return pictures && index;
}

}  // namespace da3::io
