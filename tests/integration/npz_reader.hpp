// SPDX-License-Identifier: Apache-2.0
// Reads float32 arrays of an npz file, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::test {

struct NpzArray {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// Throws std::runtime_error when the file has no such C-contiguous float32 array.
NpzArray read_npz(const std::filesystem::path& file, const std::string& key);

}  // namespace da3::test
