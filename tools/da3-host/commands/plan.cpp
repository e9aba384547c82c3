// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/da3.hpp>
#include <nlohmann/json.hpp>

#include "backend.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "settings.hpp"

namespace da3::host {
namespace {

std::string plan_json(const std::vector<PlanEntry>& entries, const Engine& engine) {
  nlohmann::ordered_json json;
  json["backend"] = engine.backend();
  json["device"] = engine.device().name;
  json["settings"] = nlohmann::ordered_json::array();
  for (const PlanEntry& entry : entries) {
    nlohmann::ordered_json one;
    one["key"] = entry.key;
    one["value"] = entry.value;
    one["origin"] = entry.origin;
    one["reason"] = entry.reason;
    one["owner"] = entry.owner;
    json["settings"].push_back(std::move(one));
  }
  json["not_chosen"] = nlohmann::ordered_json::array();
  for (const Choice::Loser& loser : engine.choice().losers) {
    nlohmann::ordered_json one;
    one["name"] = loser.name;
    one["reason"] = loser.reason;
    json["not_chosen"].push_back(std::move(one));
  }
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string plan_table(const std::vector<PlanEntry>& entries, const Engine& engine) {
  size_t key = 3, value = 5, origin = 6;
  // One long path does not push everything to the right.
  constexpr size_t widest = 32;
  for (const PlanEntry& entry : entries) {
    key = std::max(key, entry.key.size());
    if (entry.value.size() <= widest) value = std::max(value, entry.value.size());
    if (entry.origin.size() <= widest) origin = std::max(origin, entry.origin.size());
  }
  const auto pad = [](const std::string& text, size_t width) {
    return text + std::string(text.size() < width ? width - text.size() + 2 : 2, ' ');
  };
  const auto line = [&](const std::string& k, const std::string& v, const std::string& o,
                        const std::string& r) {
    std::string text = pad(k, key) + pad(v, value) + pad(o, origin) + r;
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string text = line("KEY", "VALUE", "ORIGIN", "REASON");
  for (const PlanEntry& entry : entries)
    text += line(entry.key, entry.value.empty() ? "-" : entry.value, entry.origin, entry.reason);
  for (const Choice::Loser& loser : engine.choice().losers)
    text += "backend " + loser.name + " is not used: " + loser.reason + "\n";
  return text;
}

}  // namespace

int plan_command(const Arguments& arguments) {
  Setup setup = make_setup(arguments);
  run_settings(setup, arguments);  // a bad format is worse than a missing backend
  const Engine engine = make_engine(setup, setup.profile);
  const std::vector<PlanEntry> entries = full_plan(engine, setup, arguments, std::nullopt);
  print(arguments.json ? plan_json(entries, engine) : plan_table(entries, engine));
  return exit_ok;
}

}  // namespace da3::host
