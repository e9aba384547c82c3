// SPDX-License-Identifier: Apache-2.0
// Small facts that cost time to find out, kept in the cache folder for later processes. Each is a file of its
// own below `kind`, named by the hash of its key; it begins with the key, so that a file of another key is
// never taken for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace da3::thin {

/// cache: empty: nothing is known. key: everything that the fact depends on, lines. -> what remember was
/// given.
std::optional<std::string> recall(const std::filesystem::path& cache, const std::string& kind,
                                  const std::string& key);

/// As a whole or not at all, also with several processes at once. A file that cannot be written is no error.
void remember(const std::filesystem::path& cache, const std::string& kind, const std::string& key,
              const std::string& fact);

}  // namespace da3::thin
