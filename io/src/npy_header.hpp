// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace da3::io {

/// The head of an .npy file (numpy's "NPY format", versions 1 to 3).
struct NpyHeader {
  std::string descr;  ///< numpy's type, "<f4"
  bool fortran_order = false;
  std::vector<int64_t> shape;
  size_t data = 0;  ///< where the values begin
};

/// Why an .npy is not one, as the middle of a sentence.
struct BadNpy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// bytes: the file, or as much of it as its header can need (max_npy_header). Throws BadNpy.
NpyHeader parse_npy_header(std::span<const uint8_t> bytes);
inline constexpr size_t max_npy_header = 65536;

}  // namespace da3::io
