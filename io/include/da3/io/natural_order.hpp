// SPDX-License-Identifier: Apache-2.0
// The order in which people count files: "view2" before "view10".
#pragma once

#include <string_view>

namespace da3::io {

/// Runs of digits compare as numbers of any length; equal numbers and all else by their bytes. A strict weak
/// order: "01" and "1" differ.
inline bool natural_less(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      while (i < a.size() && a[i] == '0') ++i;
      while (j < b.size() && b[j] == '0') ++j;
      const size_t start_a = i, start_b = j;
      while (i < a.size() && is_digit(a[i])) ++i;
      while (j < b.size() && is_digit(b[j])) ++j;
      if (i - start_a != j - start_b) return i - start_a < j - start_b;
      const int order = a.compare(start_a, i - start_a, b.substr(start_b, j - start_b));
      if (order != 0) return order < 0;
    } else {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i, ++j;
    }
  }
  if ((i < a.size()) != (j < b.size())) return j < b.size();
  return a < b;
}

}  // namespace da3::io
