// SPDX-License-Identifier: Apache-2.0
// From what a user writes to files and folders: lists on stdin, patterns, folders with all that is below
// them.
#pragma once

#include <filesystem>
#include <istream>
#include <vector>

namespace da3::host {

/// "-" becomes the names that `list` gives: separated by NUL bytes where there is one (names with newlines),
/// else one a line; at most 64 MiB of them. Names from there are taken literally. A word with *, ? or [ that
/// names nothing by itself is a pattern: its matches, in natural order. recursive: a folder becomes the
/// images below it, folder by folder in natural order; hidden ones and links to folders are left out. All
/// else stays as it is. Throws Error: DA3_E_NOT_FOUND for a pattern without a match and for folders that
/// cannot be read, DA3_E_INVALID for an empty list, a second "-", and a folder with no image below it. Videos
/// that are passed over so are added to `videos`.
std::vector<std::filesystem::path> expand_inputs(const std::vector<std::filesystem::path>& inputs,
                                                 bool recursive, std::istream& list,
                                                 std::vector<std::filesystem::path>& videos);

}  // namespace da3::host
