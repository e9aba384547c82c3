// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>
#include <filesystem>

namespace da3::bench {
namespace {

[[noreturn]] void refuse(const std::string& what, std::string_view text, const std::string& wanted) {
  throw Error(DA3_E_INVALID, what + ": \"" + std::string(text) + "\" is not understood; write " + wanted);
}

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

/// Every case so far, once for each value.
template <class Values, class Apply>
void multiply(std::vector<Case>& cases, const Values& values, Apply apply) {
  std::vector<Case> more;
  for (const Case& one : cases)
    for (const auto& value : values) {
      more.push_back(one);
      apply(more.back(), value);
    }
  cases = std::move(more);
}

}  // namespace

std::vector<std::string> split_list(std::string_view text, const std::string& what) {
  std::vector<std::string> items;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    items.push_back(trimmed(text.substr(begin, i - begin)));
    if (items.back().empty()) refuse(what, text, "values joined by commas, none of them empty");
    begin = i + 1;
  }
  return items;
}

std::vector<int64_t> parse_numbers(std::string_view text, const std::string& what, int64_t low,
                                   int64_t high) {
  std::vector<int64_t> numbers;
  for (const std::string& item : split_list(text, what)) {
    const auto number = option_type::parse_int(item);
    if (!number || *number < low || *number > high)
      refuse(what, item, "whole numbers from " + std::to_string(low) + " to " + std::to_string(high));
    numbers.push_back(*number);
  }
  return numbers;
}

std::vector<Resolution> parse_resolutions(std::string_view text) {
  std::vector<Resolution> list;
  for (const std::string& item : split_list(text, "--res")) {
    const size_t cross = item.find('x');
    const auto width = option_type::parse_int(item.substr(0, cross));
    const auto height = cross == std::string::npos ? width : option_type::parse_int(item.substr(cross + 1));
    const auto fits = [](const auto& side) {
      return side && *side >= 14 && *side <= 16380 && *side % 14 == 0;
    };
    if (!fits(width) || !fits(height))
      refuse("--res", item, "multiples of 14 from 14 to 16380, as in 504 or 504x280 (width first)");
    list.push_back({*width, *height});
  }
  return list;
}

std::pair<std::string, std::vector<std::string>> parse_setting(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) refuse("--set", text, "key=value or key=a,b");
  return {text.substr(0, equals), split_list(std::string_view(text).substr(equals + 1), "--set")};
}

std::vector<Case> cases_of(const Sweep& sweep) {
  std::vector<Case> cases(1);
  multiply(cases, sweep.models, [](Case& one, const std::string& model) { one.model = model; });
  multiply(cases, sweep.resolutions,
           [](Case& one, const Resolution& size) { one.width = size.width, one.height = size.height; });
  multiply(cases, sweep.views, [](Case& one, int64_t views) { one.views = views; });
  multiply(cases, sweep.batches, [](Case& one, int64_t batch) { one.batch = batch; });
  multiply(cases, sweep.sessions, [](Case& one, int64_t sessions) { one.sessions = sessions; });
  for (const auto& [key, values] : sweep.settings)
    multiply(cases, values,
             [&key = key](Case& one, const std::string& value) { one.settings.emplace_back(key, value); });
  return cases;
}

std::string case_name(const Case& one) {
  const std::string stem = std::filesystem::path(one.model).filename().string();
  std::string text = (one.model.empty() ? "demo"
                      : stem.empty()    ? one.model
                                        : stem) +
                     " " + std::to_string(one.width) + "x" + std::to_string(one.height) + ", " +
                     std::to_string(one.views) + (one.views == 1 ? " view" : " views");
  if (one.batch != 1) text += ", batch " + std::to_string(one.batch);
  if (one.sessions != 1) text += ", " + std::to_string(one.sessions) + " sessions";
  for (const auto& [key, value] : one.settings) text += ", " + key + "=" + value;
  return text;
}

}  // namespace da3::bench
