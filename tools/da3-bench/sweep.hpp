// SPDX-License-Identifier: Apache-2.0
// Comma lists of the command line and the cases that they make.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace da3::bench {

/// One thing to measure.
struct Case {
  std::string model;  ///< as --model says it; empty: the demo model
  int64_t width = 504, height = 504, views = 1, batch = 1, sessions = 1;
  std::vector<std::pair<std::string, std::string>> settings;  ///< threads and what --set gives
};

struct Resolution {
  int64_t width, height;
};

/// What is swept, in the order in which it varies: the last one fastest.
struct Sweep {
  std::vector<std::string> models{""};
  std::vector<Resolution> resolutions{{504, 504}};
  std::vector<int64_t> views{1}, batches{1}, sessions{1};
  std::vector<std::pair<std::string, std::vector<std::string>>> settings;
};

/// "a,b" -> {"a", "b"}; commas within brackets do not part: "[a, b],c". Throws Error(DA3_E_INVALID) for an
/// empty item. what: "--views", for the sentence.
std::vector<std::string> split_list(std::string_view text, const std::string& what);

/// Whole numbers in [low, high].
std::vector<int64_t> parse_numbers(std::string_view text, const std::string& what, int64_t low, int64_t high);

/// "504" (a square) or "504x280", width first; multiples of 14.
std::vector<Resolution> parse_resolutions(std::string_view text);

/// "key=a,b" -> key and its values.
std::pair<std::string, std::vector<std::string>> parse_setting(const std::string& text);

std::vector<Case> cases_of(const Sweep&);

/// "demo 504x504, 1 view, threads=2"
std::string case_name(const Case&);

}  // namespace da3::bench
