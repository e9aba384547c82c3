// SPDX-License-Identifier: Apache-2.0
// Bounds-checked numbers of either byte order.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>

namespace da3::io {

/// Thrown where the file ends too early; the one who knows the file's name makes it a sentence.
struct EndOfData : std::runtime_error {
  EndOfData() : std::runtime_error("end of data") {}
};

class ByteReader {
 public:
  ByteReader(std::span<const uint8_t> bytes, bool big_endian) : bytes_(bytes), big_(big_endian) {}

  uint64_t size() const { return bytes_.size(); }
  void need(uint64_t offset, uint64_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) throw EndOfData();
  }
  uint64_t number(uint64_t offset, unsigned width) const {
    need(offset, width);
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value = value << 8 | bytes_[static_cast<size_t>(offset + (big_ ? i : width - 1 - i))];
    return value;
  }
  uint8_t u8(uint64_t offset) const { return static_cast<uint8_t>(number(offset, 1)); }
  uint16_t u16(uint64_t offset) const { return static_cast<uint16_t>(number(offset, 2)); }
  uint32_t u32(uint64_t offset) const { return static_cast<uint32_t>(number(offset, 4)); }
  uint64_t u64(uint64_t offset) const { return number(offset, 8); }

 private:
  std::span<const uint8_t> bytes_;
  bool big_;
};

}  // namespace da3::io
