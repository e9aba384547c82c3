// SPDX-License-Identifier: Apache-2.0
#include "printable.hpp"

#include <algorithm>
#include <cstdio>

namespace da3::host {

std::string printable(std::string_view text) {
  constexpr unsigned char first_visible = 0x20, erase = 0x7F;
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= first_visible && byte != erase) {
      safe += c;
    } else if (c == '\n') {
      safe += "\\n";
    } else if (c == '\t') {
      safe += "\\t";
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      safe += code;
    }
  }
  return safe;
}

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, size_t width) {
  const size_t has = width_of(text);
  return has < width ? std::move(text) + std::string(width - has, ' ') : text;
}

}  // namespace da3::host
