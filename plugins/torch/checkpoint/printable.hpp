// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace da3::checkpoint {

/// Text from a file as a message may show it: at most limit bytes, anything but printable ASCII as '?'.
std::string printable(std::string_view text, size_t limit = 200);

/// printable in single quotes, for names.
std::string in_quotes(std::string_view text);

}  // namespace da3::checkpoint
