// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

/// One array of an .npz, already in its file format.
struct NpzMember {
  std::string key;
  std::vector<uint8_t> npy;
};

/// An .npy file, version 1.0: descr is numpy's type, "<f4" or "|u1"; data is C-contiguous, little endian.
std::vector<uint8_t> make_npy(const std::string& descr, const std::vector<int64_t>& shape, const void* data,
                              size_t bytes);

/// Writes what numpy.savez_compressed writes: the same members, deflated, dated 1980. Atomic.
void write_npz(const std::filesystem::path& path, const std::vector<NpzMember>& members);

}  // namespace da3::io
