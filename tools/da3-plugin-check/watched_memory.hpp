// SPDX-License-Identifier: Apache-2.0
// Memory that notices: what is written beside it, and that is used after it has been taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace da3::check {

/// bytes of memory with a canary on both sides; filled with 0xFF, which is NaN in float32.
class Guarded {
 public:
  /// The data begins at a multiple of 64, plus misalign.
  explicit Guarded(size_t bytes, size_t misalign = 0);
  ~Guarded();
  Guarded(const Guarded&) = delete;
  unsigned char* data() const { return data_; }
  size_t size() const { return bytes_; }
  std::string damage() const;  ///< "4 bytes after its end were written", or ""

 private:
  unsigned char *map_, *data_;
  size_t map_size_, bytes_;
};

/// Pages that can be made unreadable: pointers die when a call returns.
class Revocable {
 public:
  explicit Revocable(size_t bytes);
  ~Revocable();
  Revocable(const Revocable&) = delete;
  void* take(size_t bytes);  ///< aligned to 16
  const char* text(std::string_view);
  void revoke();

 private:
  unsigned char* map_;
  size_t size_, used_ = 0;
};

}  // namespace da3::check
