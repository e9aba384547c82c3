// SPDX-License-Identifier: Apache-2.0
// The option type language of da3_option.type ("enum{auto}|int[1,4096]"): checks values, finds the nearest
// key. Header only, standard library only, used by the core (profiles) and by plugins (optimizer_create).
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace da3::option_type {

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Splits at separator outside of brackets of any kind.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' || c == '{' || c == '<') ++depth;
    if (c == ']' || c == '}' || c == '>') --depth;
    if (c == separator && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

inline std::optional<int64_t> parse_int(std::string_view text) {
  int64_t value = 0;
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

inline std::optional<double> parse_float(std::string_view text) {
  double value = 0;
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || text.empty() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

inline std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

/// "[a, b]" -> {"a", "b"}; a bare scalar is a list of one; "" and "[]" are empty lists.
inline std::vector<std::string> parse_list(std::string_view text) {
  text = trim(text);
  std::vector<std::string> items;
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = trim(text.substr(1, text.size() - 2));
  if (text.empty()) return items;
  for (std::string_view item : split(text, ',')) items.emplace_back(trim(item));
  return items;
}

namespace detail {

struct Alternative {
  std::string_view name, arguments;  // "int", "1,512"
};

inline std::optional<Alternative> parse_alternative(std::string_view type) {
  type = trim(type);
  const size_t open = type.find_first_of("[{<");
  if (open == std::string_view::npos) return Alternative{type, {}};
  const char want = type[open] == '[' ? ']' : type[open] == '{' ? '}' : '>';
  if (type.back() != want) return std::nullopt;
  return Alternative{type.substr(0, open), type.substr(open + 1, type.size() - open - 2)};
}

template <class Number, class Parse>
bool in_range(Number value, std::string_view range, Parse parse) {
  if (range.empty()) return true;
  const auto bounds = split(range, ',');
  if (bounds.size() != 2) return false;
  const auto low = parse(trim(bounds[0])), high = parse(trim(bounds[1]));
  return low && high && value >= *low && value <= *high;
}

}  // namespace detail

/// Whether type is a sentence of the language above. Checked for every published option.
inline bool valid_type(std::string_view type) {
  if (type.empty()) return false;
  for (std::string_view part : split(type, '|')) {
    const auto alternative = detail::parse_alternative(part);
    if (!alternative) return false;
    const auto& [name, arguments] = *alternative;
    if (name == "int" || name == "float") {
      if (!arguments.empty() && split(arguments, ',').size() != 2) return false;
    } else if (name == "enum") {
      if (arguments.empty()) return false;
    } else if (name == "list") {
      if (!valid_type(arguments)) return false;
    } else if (name != "bool" && name != "string" && name != "path") {
      return false;
    }
  }
  return true;
}

/// Whether value (YAML 1.2 core scalar text, lists as "[a, b]") is one of type.
inline bool accepts(std::string_view type, std::string_view value) {
  if (value.size() > 65536) return false;
  for (std::string_view part : split(type, '|')) {
    const auto alternative = detail::parse_alternative(part);
    if (!alternative) continue;
    const auto& [name, arguments] = *alternative;
    if (name == "bool" && parse_bool(value)) return true;
    if (name == "string") return true;
    if (name == "path" && !value.empty()) return true;
    if (name == "int") {
      if (const auto v = parse_int(value); v && detail::in_range(*v, arguments, parse_int)) return true;
    }
    if (name == "float") {
      if (const auto v = parse_float(value); v && detail::in_range(*v, arguments, parse_float)) return true;
    }
    if (name == "enum") {
      for (std::string_view choice : split(arguments, ','))
        if (trim(choice) == value) return true;
    }
    if (name == "list") {
      const auto items = parse_list(value);
      const std::string_view inner = arguments;
      if (std::all_of(items.begin(), items.end(),
                      [&](const std::string& item) { return accepts(inner, item); }))
        return true;
    }
  }
  return false;
}

/// "one of auto, off" / "a whole number from 1 to 512": the type in words, for error messages.
inline std::string in_words(std::string_view type) {
  std::string words;
  for (std::string_view part : split(type, '|')) {
    const auto alternative = detail::parse_alternative(part);
    if (!alternative) continue;
    const auto& [name, arguments] = *alternative;
    if (!words.empty()) words += ", or ";
    const auto range = [&, arguments = arguments]() -> std::string {
      const auto bounds = split(arguments, ',');
      if (bounds.size() != 2) return {};
      return " from " + std::string(trim(bounds[0])) + " to " + std::string(trim(bounds[1]));
    };
    if (name == "bool")
      words += "true or false";
    else if (name == "int")
      words += "a whole number" + range();
    else if (name == "float")
      words += "a number" + range();
    else if (name == "path")
      words += "a path";
    else if (name == "string")
      words += "text";
    else if (name == "list")
      words += "a list, each " + in_words(arguments);
    else if (name == "enum") {
      const auto choices = split(arguments, ',');
      words += choices.size() == 1 ? "" : "one of ";
      for (size_t i = 0; i < choices.size(); ++i) words += (i ? ", " : "") + std::string(trim(choices[i]));
    }
  }
  return words;
}

/// Edit distance (insert, delete, replace, swap neighbours), for "did you mean".
inline size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(row);
  }
  return previous[b.size()];
}

/// The known key most like key, or "" when none is near (more than a third of the letters differ).
template <class Keys>
std::string nearest(std::string_view key, const Keys& known) {
  std::string best;
  if (key.size() > 200) return best;
  size_t best_distance = std::max<size_t>(2, key.size() / 3) + 1;
  for (const auto& candidate : known) {
    const size_t d = distance(key, candidate);
    if (d < best_distance) best_distance = d, best = std::string(candidate);
  }
  return best;
}

}  // namespace da3::option_type
