// SPDX-License-Identifier: Apache-2.0
#include "choice.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

#include "text_file.hpp"

namespace da3::detail {
namespace {

const PluginInfo* find_plugin(const std::vector<PluginInfo>& plugins, const std::string& name) {
  const auto found =
      std::find_if(plugins.begin(), plugins.end(), [&](const PluginInfo& p) { return p.name == name; });
  return found == plugins.end() ? nullptr : &*found;
}

std::string not_found(const std::vector<PluginInfo>& plugins, const std::string& name) {
  std::vector<std::string> names;
  for (const PluginInfo& plugin : plugins) names.push_back(plugin.name);
  const std::string near = option_type::nearest(name, names);
  return "no plugin or manifest of that name was found" +
         (near.empty() ? "" : " (did you mean " + quote(near) + "?)");
}

std::string score_text(int32_t score) { return "score " + std::to_string(score); }

void rank_all(const Wanted& wanted, const std::vector<PluginInfo>& plugins, Choice& choice) {
  for (const PluginInfo& plugin : plugins) {
    std::string reason;
    if (const Device* device = best_device(plugin, wanted.device_index, reason))
      choice.candidates.push_back({plugin.name, plugin.id, *device, ""});
    else
      choice.losers.push_back({plugin.name, reason});
  }
  std::sort(choice.candidates.begin(), choice.candidates.end(), [](const auto& a, const auto& b) {
    return a.device.score != b.device.score ? a.device.score > b.device.score : a.id < b.id;
  });
  for (size_t i = 0; i < choice.candidates.size(); ++i) {
    auto& candidate = choice.candidates[i];
    candidate.reason = (i == 0 ? "highest " : "next highest ") + score_text(candidate.device.score);
    if (i > 0)
      choice.losers.push_back({candidate.name, score_text(candidate.device.score) + ", " +
                                                   choice.candidates[0].name + " has " +
                                                   std::to_string(choice.candidates[0].device.score)});
  }
}

void rank_named(const Wanted& wanted, const std::vector<PluginInfo>& plugins, Choice& choice) {
  for (const std::string& name : wanted.names) {
    const PluginInfo* plugin = find_plugin(plugins, name);
    std::string reason = plugin ? "" : not_found(plugins, name);
    const Device* device = plugin ? best_device(*plugin, wanted.device_index, reason) : nullptr;
    if (!device) {
      choice.losers.push_back({name, reason});
      continue;
    }
    const bool first = choice.candidates.empty();
    choice.candidates.push_back({name, plugin->id, *device,
                                 wanted.names.size() == 1 ? "asked for"
                                 : first                  ? "first of the list that works"
                                                          : "next of the list"});
    if (!first) choice.losers.push_back({name, "later in the list than " + choice.candidates.front().name});
  }
  for (const PluginInfo& plugin : plugins)
    if (std::find(wanted.names.begin(), wanted.names.end(), plugin.name) == wanted.names.end())
      choice.losers.push_back({plugin.name, "not asked for"});
}

[[noreturn]] void nobody(const Wanted& wanted, const Choice& choice, const std::string& suggestion) {
  if (wanted.names.size() == 1)
    throw Error(DA3_E_UNAVAILABLE, "backend " + wanted.names.front() + " cannot be used: " +
                                       choice.losers.front().reason + "; " + suggestion);
  std::string text =
      wanted.names.empty() ? "no backend can be used on this machine" : "no backend of the list can be used";
  for (const Choice::Loser& loser : choice.losers)
    if (loser.reason != "not asked for")
      text += (text.find(": ") == std::string::npos ? ": " : "; ") + loser.name + ": " + loser.reason;
  throw Error(DA3_E_UNAVAILABLE, text + "; " + suggestion);
}

}  // namespace

Wanted wanted_backends(const Profile& profile) {
  Wanted wanted;
  if (const Setting* backend = profile.find("backend"); backend && backend->value != "auto") {
    wanted.names = option_type::parse_list(backend->value);
    const auto fail = [&](const std::string& why) {
      throw Error(DA3_E_BAD_VALUE, backend->origin + ": backend: " + why, 1);
    };
    if (wanted.names.empty()) fail("the list is empty; write auto or the name of a backend");
    for (const std::string& name : wanted.names) {
      if (name == "auto") fail("auto stands alone; remove it from the list");
      if (std::count(wanted.names.begin(), wanted.names.end(), name) > 1)
        fail(quote(name) + " is given twice; remove one");
    }
  }
  if (const Setting* device = profile.find("device"); device && device->value != "auto") {
    const auto index = option_type::parse_int(device->value);
    if (!index || *index < 0 || *index > 1023)
      throw Error(DA3_E_BAD_VALUE,
                  device->origin + ": device: " + quote(device->value) + " is not auto or an index from 0",
                  1);
    wanted.device_index = static_cast<int32_t>(*index);
  }
  return wanted;
}

const Device* best_device(const PluginInfo& plugin, std::optional<int32_t> index, std::string& reason) {
  if (!plugin.reason.empty()) return reason = plugin.reason, nullptr;
  const Device* best = nullptr;
  for (const Device& device : plugin.devices) {
    if (index && device.dl_id != *index) continue;
    if (device.score <= 0) {
      if (reason.empty()) reason = device.reason;
    } else if (!best || device.score > best->score ||
               (device.score == best->score && device.dl_id < best->dl_id)) {
      best = &device;
    }
  }
  if (!best && reason.empty())
    reason = index ? "it has no device " + std::to_string(*index) : "it found no device on this machine";
  return best;
}

Choice rank_backends(const Wanted& wanted, const std::vector<PluginInfo>& plugins,
                     const std::string& suggestion) {
  Choice choice;
  choice.may_fall_back = wanted.names.size() != 1;
  if (wanted.names.empty())
    rank_all(wanted, plugins, choice);
  else
    rank_named(wanted, plugins, choice);
  if (choice.candidates.empty()) nobody(wanted, choice, suggestion);
  return choice;
}

}  // namespace da3::detail
