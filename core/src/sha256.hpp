// SPDX-License-Identifier: Apache-2.0
// SHA-256 by OpenSSL: the pin that a manifest may carry, and file_sha256.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace da3::detail {

/// 64 hexadecimal digits in small letters.
std::string sha256(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& path);  ///< "" when it cannot be read
std::string sha256_file(int descriptor);  ///< of an open file, from its first byte; likewise

}  // namespace da3::detail
