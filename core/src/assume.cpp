// SPDX-License-Identifier: Apache-2.0
#include <da3/assume.h>
#include <algorithm>
#include <da3/assume.hpp>
#include <da3/option_type.hpp>
#include <set>

#include "choice.hpp"
#include "engine_state.hpp"
#include "isolation/plugin_facts.hpp"
#include "plugin_loader.hpp"
#include "text_file.hpp"

namespace da3 {
namespace {

/// A mistake in the record, which concerns whoever wrote it and not the choice.
bool is_mistake(int32_t code) { return code == DA3_E_BAD_VALUE || code == DA3_E_UNKNOWN_KEY; }

/// "cpu" of "cpu.online"
std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }

/// Below a section that everybody leaves to others a mistake would not be seen.
void check_sections(const Profile& machine, const Schema& schema) {
  std::vector<std::string> known = schema.backends();
  known.insert(known.end(), {"about", "cpu", "memory", "nvidia", "metal"});
  const std::vector<Setting> facts = machine.settings();
  for (const Setting& fact : facts) {
    const std::string section = section_of(fact.key);
    if (std::find(known.begin(), known.end(), section) != known.end()) continue;
    const std::string near = option_type::nearest(section, known);
    throw Error(DA3_E_UNKNOWN_KEY,
                fact.origin + ": the machine's " + detail::quote(fact.key) + " means nothing; " +
                    (near.empty() ? "remove it" : "did you mean " + detail::quote(near) + "?"));
  }
}

class Assumption {
 public:
  Assumption(PluginRegistry& registry, const Profile& profile, const Profile& machine)
      : registry_(registry), profile_(profile), facts_(machine.settings()), record_(facts_) {
    std::set<std::string> names;
    for (PluginInfo& plugin : registry.plugins())
      if (names.insert(plugin.name).second) plugins_.push_back(std::move(plugin));
  }

  Choice choose() {
    const detail::Wanted wanted = detail::wanted_backends(profile_);
    for (PluginInfo& plugin : plugins_)
      if (wanted.names.empty() ||
          std::find(wanted.names.begin(), wanted.names.end(), plugin.name) != wanted.names.end())
        probe(plugin);
    try {
      return detail::rank_backends(wanted, plugins_, "");
    } catch (const Error& error) {
      if (error.code() != DA3_E_UNAVAILABLE) throw;
      return detail::rank_backends(wanted, plugins_, suggestion());
    }
  }

  std::vector<PlanEntry> plan(const Choice::Candidate& chosen) const {
    const detail::BackendSettings settings{registry_.schema(), profile_, chosen.name};
    const std::vector<Setting> given = settings.given(Scope::optimizer);
    const detail::KeyValues options(given);
    std::vector<Setting> description{{"effective.backend", chosen.name, ""},
                                     {"effective.backend.reason", chosen.reason, ""}};
    try {
      const da3_assume& table = table_of(chosen.name);
      auto own = detail::collect_settings(
          "backend " + chosen.name + ": assume.describe", [&](auto sink, void* ctx, da3_error* error) {
            return table.describe(record_.data(), record_.size(), options.data(), options.size(),
                                  chosen.device.dl_type, chosen.device.dl_id, sink, ctx, error);
          });
      for (Setting& setting : own)
        if (!setting.key.starts_with("effective.backend")) description.push_back(std::move(setting));
    } catch (const Error& error) {
      detail::rethrow_with_origin(error, given);
    }
    return settings.plan(description, settings.given(Scope::run));
  }

 private:
  const da3_assume& table_of(const std::string& name) const {
    const da3_plugin* plugin = registry_.table(name);
    const void* found = plugin->extension ? plugin->extension(DA3_ASSUME_ID) : nullptr;
    const auto* table = static_cast<const da3_assume*>(found);
    if (!DA3_HAS(table, da3_assume, describe) || !table->probe || !table->describe)
      throw Error(DA3_E_UNSUPPORTED,
                  "its plugin cannot tell about machines that are only written down (it has no " +
                      std::string(DA3_ASSUME_ID) + ")");
    return *table;
  }

  void probe(PluginInfo& plugin) {
    if (!plugin.devices.empty() || !plugin.reason.empty()) return;
    try {
      const da3_assume& table = table_of(plugin.name);
      plugin.id = detail::text_or_empty(registry_.table(plugin.name)->id);
      plugin.devices = detail::collect_devices([&](auto sink, void* ctx, da3_error* error) {
        return table.probe(record_.data(), record_.size(), sink, ctx, error);
      });
      const Device* best = detail::best_device(plugin, std::nullopt, plugin.reason);
      if (best) plugin.reason.clear();
      plugin.score = best ? best->score : 0;
    } catch (const Error& error) {
      if (is_mistake(error.code())) throw;
      plugin.reason = error.message();
    }
  }

  std::string suggestion() {
    const PluginInfo* best = nullptr;
    for (PluginInfo& plugin : plugins_) {
      probe(plugin);
      if (plugin.score > 0 && (!best || plugin.score > best->score)) best = &plugin;
    }
    return best ? "use backend: " + best->name + " or backend: auto"
                : "no installed backend can use that machine";
  }

  PluginRegistry& registry_;
  const Profile& profile_;
  const std::vector<Setting> facts_;
  const detail::KeyValues record_;
  std::vector<PluginInfo> plugins_;
};

}  // namespace

Assumed assume(PluginRegistry& registry, const Profile& profile, const Profile& machine) {
  registry.schema().check(profile);
  if (detail::isolation::is_asked_for(profile))
    throw Error(DA3_E_UNSUPPORTED,
                "a machine cannot be assumed with isolation: process, because plugins are asked in this "
                "process; set isolation to none");
  check_sections(machine, registry.schema());
  Assumption assumption(registry, profile, machine);
  Assumed assumed{"", {}, assumption.choose(), {}};
  for (size_t i = 0; i < assumed.choice.candidates.size(); ++i) {
    const Choice::Candidate& candidate = assumed.choice.candidates[i];
    try {
      assumed.plan = assumption.plan(candidate);
      assumed.backend = candidate.name;
      assumed.device = candidate.device;
      break;
    } catch (const Error& error) {
      if (!detail::is_device_trouble(error.code()) || i + 1 == assumed.choice.candidates.size()) throw;
      assumed.choice.losers.push_back({candidate.name, error.message()});
    }
  }
  // A backend that was "next" and is now chosen has not lost.
  std::erase_if(assumed.choice.losers,
                [&](const Choice::Loser& loser) { return loser.name == assumed.backend; });
  return assumed;
}

}  // namespace da3
