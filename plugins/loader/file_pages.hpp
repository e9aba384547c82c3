// SPDX-License-Identifier: Apache-2.0
// Memory that opening a library takes and using it does not: symbol tables, relocations and constructors are
// read once, and their pages would stay in the process's memory for nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>

namespace da3::loader {

/// The files of all mapped libraries.
std::set<std::filesystem::path> mapped_files();

/// Takes the read-only pages of libraries that are not in `before` out of this process's memory; about how
/// many bytes went. A page that is used again comes back from the system's cache. Pages of the process's own
/// stay, which a debugger's breakpoints are. 0 where the system cannot. [any thread]
uint64_t forget_file_pages(const std::set<std::filesystem::path>& before);

}  // namespace da3::loader
