// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace da3::io {

/// One array of an .npz, made part by part while it is written.
struct NpzMember {
  std::string key;
  std::string descr;           ///< numpy's type, "<f4" or "|u1"
  std::vector<int64_t> shape;  ///< C-contiguous; the first dimension counts the parts
  std::function<void(int64_t part, std::vector<uint8_t>& bytes)> make;
};

/// The head of an .npy file, version 1.0.
std::vector<uint8_t> npy_head(const std::string& descr, const std::vector<int64_t>& shape);

/// Writes what numpy.savez_compressed writes: the same members, deflated, dated 1980. Atomic. Holds one part
/// in memory. Throws what `make` throws.
void write_npz(const std::filesystem::path& path, const std::vector<NpzMember>& members);

}  // namespace da3::io
