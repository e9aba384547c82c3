// SPDX-License-Identifier: Apache-2.0
// Names of files as they may go to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace da3::host {

/// Control characters as "\n", "\t" or "\x1b": a name with a line break stays one line, and no name talks to
/// the terminal.
std::string printable(std::string_view text);

/// Followed by blanks until it is so many characters of UTF-8 wide.
std::string padded(std::string text, size_t width);
size_t width_of(std::string_view text);

}  // namespace da3::host
