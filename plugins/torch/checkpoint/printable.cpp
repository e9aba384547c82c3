// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/printable.hpp"

namespace da3::checkpoint {

std::string printable(std::string_view text, size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& c : result)
    if (c < 0x20 || c > 0x7e) c = '?';
  if (text.size() > limit) result += "...";
  return result;
}

std::string in_quotes(std::string_view text) {
  // Not "'" + ...: gcc 12 warns of overlapping copies there (its bug 105651).
  std::string result(1, '\'');
  return result.append(printable(text, 120)).append(1, '\'');
}

}  // namespace da3::checkpoint
