// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/strict_json.hpp"

#include <da3/error.hpp>

#include <set>
#include <vector>

#include "checkpoint/printable.hpp"

namespace da3::checkpoint {
namespace {

constexpr size_t max_depth = 16;

}  // namespace

std::string json_complaint(const nlohmann::json::exception& error) {
  std::string_view text = error.what();
  if (const size_t end = text.find("] "); text.starts_with('[') && end != text.npos)
    text.remove_prefix(end + 2);
  return printable(text);
}

nlohmann::json parse_strict_json(std::string_view text, const std::string& origin) {
  using json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the open containers
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (keys.size() == max_depth)
          throw Error(DA3_E_MODEL,
                      "cannot read " + origin + ": it nests deeper than 16 levels; correct the file");
        keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        if (const auto& key = value.get_ref<const std::string&>(); !keys.back().insert(key).second)
          throw Error(DA3_E_MODEL,
                      "cannot read " + origin + ": the key " + in_quotes(key) + " occurs twice; keep one");
        break;
      case json::parse_event_t::value:
        break;
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch);
  } catch (const json::exception& error) {
    throw Error(DA3_E_MODEL, "cannot read " + origin + ": it is not JSON: " + json_complaint(error) +
                                 "; correct the file");
  }
}

}  // namespace da3::checkpoint
