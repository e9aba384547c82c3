// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/da3.hpp>
#include <nlohmann/json.hpp>

#include "backend.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "locations.hpp"
#include "settings.hpp"

namespace da3::host {
namespace {

struct Plan {
  std::string machine;  ///< the assumed one's name; empty: this machine
  std::string backend, device;
  std::vector<PlanEntry> entries;
  std::vector<Choice::Loser> losers;
};

std::string plan_json(const Plan& plan) {
  nlohmann::ordered_json json;
  if (!plan.machine.empty()) json["machine"] = plan.machine;
  json["backend"] = plan.backend;
  json["device"] = plan.device;
  json["settings"] = nlohmann::ordered_json::array();
  for (const PlanEntry& entry : plan.entries) {
    nlohmann::ordered_json one;
    one["key"] = entry.key;
    one["value"] = entry.value;
    one["origin"] = entry.origin;
    one["reason"] = entry.reason;
    one["owner"] = entry.owner;
    json["settings"].push_back(std::move(one));
  }
  json["not_chosen"] = nlohmann::ordered_json::array();
  for (const Choice::Loser& loser : plan.losers) {
    nlohmann::ordered_json one;
    one["name"] = loser.name;
    one["reason"] = loser.reason;
    json["not_chosen"].push_back(std::move(one));
  }
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string plan_table(const Plan& plan) {
  size_t key = 3, value = 5, origin = 6;
  // One long path does not push everything to the right.
  constexpr size_t widest = 32;
  for (const PlanEntry& entry : plan.entries) {
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
  for (const PlanEntry& entry : plan.entries)
    text += line(entry.key, entry.value.empty() ? "-" : entry.value, entry.origin, entry.reason);
  for (const Choice::Loser& loser : plan.losers)
    text += "backend " + loser.name + " is not used: " + loser.reason + "\n";
  return text;
}

/// Names and what their records say about themselves. One that cannot be read is told so.
std::string machine_list(bool as_json) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  const std::vector<std::string> names = shipped_machines(share_folder());
  size_t width = 0;
  for (const std::string& name : names) width = std::max(width, name.size());
  std::string text;
  for (const std::string& name : names) {
    std::string about;
    try {
      about = Profile::from_file(find_machine(name, share_folder())).get("about");
    } catch (const Error& error) {
      about = std::string("cannot be read: ") + error.what();
    }
    nlohmann::ordered_json one;
    one["name"] = name;
    one["about"] = about;
    json.push_back(std::move(one));
    text += name + std::string(width - name.size() + 2, ' ') + about + "\n";
  }
  return as_json ? json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : text;
}

Plan plan_of_this_machine(Setup& setup, const Arguments& arguments) {
  const Engine engine = make_engine(setup, setup.profile);
  return {"", engine.backend(), engine.device().name, full_plan(engine, setup, arguments, std::nullopt),
          engine.choice().losers};
}

Plan plan_of_another(Setup& setup, const Arguments& arguments, const std::string& machine) {
  const std::filesystem::path record =
      in_phase(Phase::command_line, [&] { return find_machine(machine, share_folder()); });
  Assumed assumed = assume_machine(setup, record);
  complete_plan(assumed.plan, setup, arguments, std::nullopt);
  return {record.stem().string(), assumed.backend, assumed.device.name, std::move(assumed.plan),
          std::move(assumed.choice.losers)};
}

}  // namespace

int plan_command(const Arguments& arguments) {
  if (arguments.assume == "list") {
    print(machine_list(arguments.json));
    return exit_ok;
  }
  Setup setup = make_setup(arguments);
  run_settings(setup, arguments);  // a bad format is worse than a missing backend
  const Plan plan = arguments.assume ? plan_of_another(setup, arguments, *arguments.assume)
                                     : plan_of_this_machine(setup, arguments);
  print(arguments.json ? plan_json(plan) : plan_table(plan));
  return exit_ok;
}

}  // namespace da3::host
