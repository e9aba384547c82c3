// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <da3/plugin.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "client.hpp"

namespace da3::check {
namespace {

using Json = nlohmann::ordered_json;

std::string indented(const std::string& title, const std::string& text) {
  std::string result = "        " + title + ":\n", line;
  for (char c : text + (text.ends_with('\n') ? "" : "\n")) {
    if (c != '\n') {
      line += c;
      continue;
    }
    result += "          " + line + "\n";
    line.clear();
  }
  return result;
}

Json to_json(const Check& check) {
  return {{"number", check.number}, {"name", check.name}, {"rule", check.rule}, {"written", check.written}};
}

/// Numbers that are none, infinite ones too, are told as text: JSON has no word for them.
Json figure(double value) {
  return std::isfinite(value) ? Json(value) : Json(value > 0 ? "infinite" : "undefined");
}

Json to_json(const TestRow& row) {
  Json json{{"status", row.status}, {"name", row.name}};
  if (!row.reason.empty()) json["reason"] = row.reason;
  if (!std::isnan(row.value)) json["value"] = figure(row.value);
  if (!std::isnan(row.limit)) json["limit"] = figure(row.limit);
  if (!row.unit.empty()) json["unit"] = row.unit;
  return json;
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Counts count(const std::vector<Outcome>& outcomes) {
  Counts counts;
  for (const Outcome& outcome : outcomes) switch (outcome.status) {
      case Status::pass:
        ++counts.pass;
        break;
      case Status::warn:
        ++counts.warn;
        break;
      case Status::fail:
        ++counts.fail;
        break;
      case Status::skip:
        ++counts.skip;
        break;
      case Status::crash:
        ++counts.crash;
        break;
    }
  return counts;
}

std::string row(const Outcome& outcome, bool verbose) {
  char start[64];
  std::snprintf(start, sizeof start, "%3d  %-5s  ", outcome.check->number, status_name(outcome.status));
  std::string text = std::string(start) + outcome.check->name;
  if (!outcome.sentence.empty()) text += ": " + outcome.sentence;
  text += "\n";
  const bool bad =
      outcome.status == Status::fail || outcome.status == Status::crash || outcome.status == Status::warn;
  if (bad)
    text += std::string("        the rule: ") + outcome.check->rule + " (" + outcome.check->written + ")\n";
  if (bad || verbose)
    for (const std::string& detail : outcome.details) text += "        " + detail + "\n";
  if (verbose && !outcome.out.empty()) text += indented("stdout", outcome.out);
  if (verbose && !outcome.err.empty()) text += indented("stderr", outcome.err);
  return text;
}

std::string summary(const Counts& c) {
  std::string text = std::to_string(c.pass) + " passed, " + std::to_string(c.warn) +
                     (c.warn == 1 ? " warning, " : " warnings, ") + std::to_string(c.fail) + " failed, " +
                     std::to_string(c.crash) + " crashed, " + std::to_string(c.skip) + " skipped\n";
  return text;
}

std::string json_report(const Context& context, const std::vector<Outcome>& outcomes, bool first_contact) {
  const Counts c = count(outcomes);
  Json json = {{"plugin", context.plugin.string()},
               {"model", context.model.empty() ? Json() : Json(context.model.string())},
               {"checker", DA3_VERSION},
               {"abi", std::to_string(DA3_ABI_MAJOR) + "." + std::to_string(DA3_ABI_MINOR)},
               {"first_contact", first_contact},
               {"counts",
                {{"pass", c.pass}, {"warn", c.warn}, {"fail", c.fail}, {"crash", c.crash}, {"skip", c.skip}}},
               {"checks", Json::array()}};
  for (const Outcome& outcome : outcomes) {
    Json entry = to_json(*outcome.check);
    entry["status"] = status_name(outcome.status);
    entry["reason"] = outcome.sentence;
    entry["details"] = outcome.details;
    entry["seconds"] = outcome.seconds;
    for (const TestRow& row : outcome.rows) entry["rows"].push_back(to_json(row));
    if (!outcome.out.empty()) entry["stdout"] = outcome.out;
    if (!outcome.err.empty()) entry["stderr"] = outcome.err;
    json["checks"].push_back(std::move(entry));
  }
  return dumped(json);
}

std::string rules(bool json) {
  Json list = Json::array();
  std::string text;
  for (const Check& check : all_checks()) {
    list.push_back(to_json(check));
    char start[16];
    std::snprintf(start, sizeof start, "%3d  ", check.number);
    text += std::string(start) + check.name + ": " + check.rule + " (" + check.written + ")\n";
  }
  return json ? dumped(list) : text;
}

std::string first_contact_advice(const Counts& counts, bool with_model) {
  if (counts.fail + counts.crash > 0)
    return "Do not run a model with this plugin on this machine yet: mend what failed, or report it with the "
           "output of --json.\n";
  if (!with_model)
    return "Next: the same with --model DIR and the smallest model that there is, with --json into a file.\n";
  return "Next: the same without --first-contact; keep the output of --json of both.\n";
}

}  // namespace da3::check
