// SPDX-License-Identifier: Apache-2.0
// Arrays out of an .npz, of which nothing is believed before it is checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct zip;

namespace da3::io {

struct NpzArray {
  std::vector<int64_t> shape;
  std::vector<double> values;  ///< C order
};

/// Throws Error "what failed: ...": DA3_E_NOT_FOUND (native = errno) for a file that cannot be opened,
/// DA3_E_INVALID for a damaged one.
class NpzReader {
 public:
  NpzReader(const std::filesystem::path& file, std::string what);

  std::vector<std::string> keys() const;
  bool has(const std::string& key) const;
  /// Reads the array's header only.
  std::vector<int64_t> shape(const std::string& key) const;
  /// float32 or float64 of either byte order and either order of axes. Besides, throws Error:
  /// DA3_E_UNSUPPORTED for other types; DA3_E_SHAPE for more than max_values.
  NpzArray floats(const std::string& key, uint64_t max_values) const;

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  std::vector<uint8_t> member(const std::string& key, uint64_t limit) const;

  std::string what_;
  std::unique_ptr<zip, Close> archive_;
};

}  // namespace da3::io
