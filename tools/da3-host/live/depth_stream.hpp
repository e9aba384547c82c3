// SPDX-License-Identifier: Apache-2.0
// --stream-to: depth maps one after the other into a pipe, a file or stdout, each behind a head that says
// what it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace da3::host {

/// 48 bytes, little endian; data_bytes of float32 values follow, rows from the top. Described in
/// docs/command-line.md.
struct DepthHead {
  char magic[4] = {'D', 'A', '3', 'D'};
  uint32_t head_bytes = 48;
  uint32_t width = 0, height = 0;
  uint32_t metres = 0;  ///< 1: depth is in metres
  uint32_t reserved = 0;
  uint64_t number = 0;  ///< of the frame in its source, from 0
  double seconds = 0;   ///< of the frame since the source was opened
  uint64_t data_bytes = 0;
};
static_assert(sizeof(DepthHead) == 48);

class DepthStream {
 public:
  /// "-": stdout. A named pipe waits for its reader; a file is made, or emptied. Throws
  /// Error(DA3_E_NOT_FOUND, native = errno); DA3_E_CANCELLED when a signal comes while it waits.
  explicit DepthStream(const std::filesystem::path& path);
  ~DepthStream();
  DepthStream(const DepthStream&) = delete;
  DepthStream& operator=(const DepthStream&) = delete;

  /// Fills data_bytes. A reader that is slow is waited for. Throws as the constructor, also when the reader
  /// is gone.
  void write(DepthHead head, std::span<const float> depth);

 private:
  void write_all(const void* data, size_t bytes);
  [[noreturn]] void fail(int why) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  bool own_ = false;
};

}  // namespace da3::host
