// SPDX-License-Identifier: Apache-2.0
// Reads small text files that may be anything: a folder, a FIFO, a huge file, bytes that are no text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace da3::detail {

/// The bytes of a regular file. Throws Error (DA3_E_NOT_FOUND, DA3_E_BAD_VALUE), message "<name>: why; what
/// to do".
std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes);

/// Offset of the first byte that is not UTF-8 (or is NUL), or npos.
size_t find_invalid_utf8(std::string_view text);

/// Text between double quotes for messages: control characters escaped, long text cut.
std::string quote(std::string_view text);

}  // namespace da3::detail
