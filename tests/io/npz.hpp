// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/support.hpp"

#include <zip.h>

#include <cstring>

namespace da3::test {

using Bytes = std::vector<uint8_t>;

/// An .npy with any header and any values.
inline Bytes npy_file(const std::string& dictionary, const void* data, size_t size) {
  std::string text = dictionary;
  text.append(63 - (10 + text.size()) % 64, ' ').append("\n");
  const std::string magic{"\x93NUMPY\x01\x00", 8};
  const std::string head =
      magic + static_cast<char>(text.size() & 255) + static_cast<char>(text.size() >> 8) + text;
  Bytes bytes(head.size() + size);
  std::memcpy(bytes.data(), head.data(), head.size());
  if (size != 0) std::memcpy(bytes.data() + head.size(), data, size);
  return bytes;
}

/// shape: "2, 3, 4".
inline Bytes npy(const std::string& descr, const std::string& shape, const std::vector<double>& values) {
  const std::string head = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  if (descr == "<f8") return npy_file(head, values.data(), values.size() * sizeof(double));
  const std::vector<float> single(values.begin(), values.end());
  return npy_file(head, single.data(), single.size() * sizeof(float));
}

inline fs::path write_zip(const fs::path& path, const std::vector<std::pair<std::string, Bytes>>& members,
                          bool deflate = true) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  EXPECT_NE(archive, nullptr) << code;
  for (const auto& [name, bytes] : members) {
    const zip_int64_t at =
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
    EXPECT_GE(at, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(at), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                             0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  return path;
}

}  // namespace da3::test
