// SPDX-License-Identifier: Apache-2.0
// What a 64-bit little-endian ELF library says about itself, read without running any of it. A damaged file
// gives an error, never a crash.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::check {

struct ElfFile {
  std::vector<std::string> exports;  ///< defined, global or weak, of default visibility
  std::vector<std::string> imports;  ///< undefined
  std::vector<std::string> needed;
  std::string soname, runpath, rpath;
  bool executable_stack = true;  ///< no PT_GNU_STACK says so, too
  bool text_relocations = false, relro = false, bind_now = false;

  /// Throws std::runtime_error with what is wrong with the file.
  static ElfFile read(const std::filesystem::path&);
};

}  // namespace da3::check
