// SPDX-License-Identifier: Apache-2.0
// Which shared libraries this process has mapped.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::loader {

struct MappedLibrary {
  std::filesystem::path path;
  std::string soname;  ///< what the dynamic linker matches by; the file name where a library has none
};

std::vector<MappedLibrary> mapped_libraries();

}  // namespace da3::loader
