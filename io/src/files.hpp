// SPDX-License-Identifier: Apache-2.0
// Reading a whole file, and writing one so that its name never shows half of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace da3::io {

/// Throws Error(DA3_E_NOT_FOUND, native = failed_errno) "what: reason; advice".
[[noreturn]] void throw_file_error(const std::string& what, int failed_errno);

/// The bytes of a regular file. Errors as read_image documents; "what" of the sentence is given by the
/// caller.
std::vector<uint8_t> read_file(const std::filesystem::path& path, const std::string& what);

/// Makes the folder of a file that is about to be written.
void make_parent(const std::filesystem::path& file);

/// Writes to a temporary name in the same folder and renames.
void write_file_atomic(const std::filesystem::path& path, std::span<const uint8_t> bytes);

}  // namespace da3::io
