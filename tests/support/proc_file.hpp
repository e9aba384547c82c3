// SPDX-License-Identifier: Apache-2.0
// Figures of Linux's /proc.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace da3::test {

/// A line "key: number kB" of a file, in bytes; 0 when it is not there. key with its colon.
inline uint64_t proc_bytes(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string word; lines >> word;)
    if (word == key) {
      uint64_t kilobytes = 0;
      lines >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

}  // namespace da3::test
