// SPDX-License-Identifier: Apache-2.0
// The JSON header of a safetensors file, checked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.hpp"

namespace da3::checkpoint {

constexpr uint64_t max_header_bytes = 100'000'000;  // as the format's own implementation

struct HeaderEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  ///< in the data that follows the header
};

struct Header {
  std::vector<HeaderEntry> entries;  ///< in the order of their data
  std::map<std::string, std::string> metadata;
};

/// Parses a header and checks it against the data that follows it: every tensor's length by type and shape,
/// no overlap, no hole, nothing left over. origin names the file in messages. Throws Error(DA3_E_MODEL).
Header parse_header(std::string_view json, uint64_t data_bytes, const std::string& origin);

/// Bytes of a tensor; false when a size is negative or the product leaves 63 bits.
bool tensor_bytes(DType dtype, const std::vector<int64_t>& shape, uint64_t& bytes);

[[noreturn]] void bad_checkpoint(const std::string& origin, const std::string& why);

}  // namespace da3::checkpoint
