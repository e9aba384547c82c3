// SPDX-License-Identifier: Apache-2.0
// Looks at a library file before it is given to the dynamic linker, which crashes on some bad files and
// explains few.
#pragma once

#include <filesystem>
#include <string>

namespace da3::detail {

std::string this_os();    ///< "linux", "macos"
std::string this_arch();  ///< "x86_64", "aarch64", "other"

/// Why this file is no library for this machine ("is empty", "is a folder", "is 32-bit code"), or "". Never
/// blocks.
std::string library_file_problem(const std::filesystem::path& path);

}  // namespace da3::detail
