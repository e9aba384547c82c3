// SPDX-License-Identifier: Apache-2.0
#include "compare.hpp"

#include <da3/error.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "statistics.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

/// What makes two cases the same; keys are sorted.
std::string identity(const Json& one) {
  nlohmann::json what = one.at("case");
  if (what.contains("model") && what["model"].is_string()) {
    const std::filesystem::path model = what["model"].get<std::string>();
    what["model"] = (model.has_filename() ? model : model.parent_path()).filename().string();
  }
  return what.dump();
}

bool measured(const Json& one) { return one.value("ok", false); }

const Json* find(const Json& document, const std::string& wanted) {
  for (const Json& one : document.at("cases"))
    if (measured(one) && identity(one) == wanted) return &one;
  return nullptr;
}

Json compared(const Json& a, const Json& b) {
  const auto times = [](const Json& one) { return one.at("samples").at("total").get<std::vector<double>>(); };
  const Ratio ratio = ratio_of_medians(times(a), times(b));
  return {{"name", b.value("name", "")}, {"case", b.at("case")},
          {"a_ms", median(times(a))},    {"b_ms", median(times(b))},
          {"ratio", ratio.value},        {"low", ratio.low},
          {"high", ratio.high},          {"verdict", verdict_name(verdict(ratio))}};
}

Json names_missing_in(const Json& document, const Json& other) {
  Json names = Json::array();
  for (const Json& one : document.at("cases"))
    if (!measured(one) || !find(other, identity(one))) names.push_back(one.value("name", ""));
  return names;
}

}  // namespace

Json compare(const Json& a, const Json& b) {
  Json cases = Json::array();
  for (const Json& one : b.at("cases"))
    if (const Json* before = measured(one) ? find(a, identity(one)) : nullptr)
      cases.push_back(compared(*before, one));
  if (cases.empty())
    throw Error(DA3_E_INVALID,
                "comparing failed: no case was measured in both; measure the same model, size, views, batch "
                "and settings twice");
  return {{"schema", "da3.bench.compare/1"},
          {"cases", std::move(cases)},
          {"only_a", names_missing_in(a, b)},
          {"only_b", names_missing_in(b, a)}};
}

}  // namespace da3::bench
