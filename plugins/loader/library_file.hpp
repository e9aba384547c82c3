// SPDX-License-Identifier: Apache-2.0
// What a shared library's file says about what it needs, read without loading it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::loader {

struct LibraryFile {
  std::vector<std::string> needed;              ///< SONAMEs
  std::vector<std::filesystem::path> run_path;  ///< $ORIGIN replaced by the file's folder
};

/// Empty for a file that is no library of this machine: the dynamic linker then finds the words.
LibraryFile read_library(const std::filesystem::path&);

/// The GNU build id in hexadecimal, "" when there is none.
std::string build_id(const std::filesystem::path&);

}  // namespace da3::loader
