// SPDX-License-Identifier: Apache-2.0
// SHA-256 of files, remembered: a checkpoint of gigabytes is hashed once, not at every run.
#pragma once

#include <da3/core_export.hpp>

#include <filesystem>
#include <string>

namespace da3 {

/// SHA-256 of a file as 64 hexadecimal digits; "" when it cannot be read. Remembered in the cache folder
/// ($DA3_CACHE_DIR, $XDG_CACHE_HOME/da3 or ~/.cache/da3) by device, inode, size and times of change, and
/// computed each time where nothing can be written. [any thread]
DA3_CORE_API std::string file_sha256(const std::filesystem::path& file);

}  // namespace da3
