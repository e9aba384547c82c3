// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <da3/log.hpp>
#include <da3/option_type.hpp>
#include <da3/paths.hpp>
#include <da3/plugin_registry.hpp>
#include <future>
#include <mutex>

#include "choice.hpp"
#include "isolation/plugin_facts.hpp"
#include "plugin_loader.hpp"
#include "plugin_scan.hpp"
#include "plugin_search.hpp"
#include "requirements.hpp"

namespace da3 {

using detail::FoundPlugin;

struct detail::RegistryState {
  std::mutex mutex;
  Schema schema;
  std::vector<FoundPlugin> found;
  TrustRules rules;
  Machine machine;
  bool scan = false;  ///< in children: so it was asked, or plugins run in processes of their own
  std::chrono::milliseconds scan_limit{15000};
};

namespace {

const Manifest* manifest_of(const FoundPlugin& plugin) {
  return plugin.manifest ? &*plugin.manifest : nullptr;
}

using State = detail::RegistryState;

/// Devices, score and reason of a plugin that answered.
void judge(PluginInfo& info) {
  const Device* best = detail::best_device(info, std::nullopt, info.reason);
  if (best) info.reason.clear();
  info.score = best ? best->score : 0;
}

void load_and_probe(const State& state, PluginInfo& info, const Manifest* manifest) {
  try {
    const detail::LoadedPlugin& loaded = detail::load_plugin(info.library, manifest, state.rules);
    info.loaded = true;
    info.file = loaded.file;
    info.id = loaded.table.id;
    info.version = loaded.table.version;
    info.abi = std::to_string(loaded.table.abi_major) + "." + std::to_string(loaded.table.abi_minor);
    info.vendor = loaded.table.vendor ? loaded.table.vendor : "";
    info.license = loaded.table.license ? loaded.table.license : "";
    info.runtime_id = loaded.runtime_id;
    info.devices = detail::probe_devices(loaded);
    judge(info);
  } catch (const Error& error) {
    info.reason = error.message();
  }
}

/// The same in a child. Also learns the options of a plugin without a manifest.
void scan(const State& state, FoundPlugin& plugin) {
  PluginInfo& info = plugin.info;
  const std::filesystem::path helper = scan_helper();
  if (helper.empty()) {
    info.reason = "it was not asked: the program libexec/da3/da3-scan is missing; install da3 again";
    return;
  }
  try {
    if (info.reason = detail::trust_problem(state.rules, info.name, info.library); !info.reason.empty())
      return;
  } catch (const Error& error) {
    info.reason = error.message();
    return;
  }
  detail::Scan scan = detail::scan_in_child(helper, info.library, state.rules, state.scan_limit);
  info.reason = scan.reason;
  if (!info.reason.empty()) return;
  info.id = scan.info.id;
  info.version = scan.info.version;
  info.abi = scan.info.abi;
  info.vendor = scan.info.vendor;
  info.license = scan.info.license;
  info.runtime_id = scan.info.runtime_id;
  info.devices = std::move(scan.info.devices);
  plugin.options = std::move(scan.options);
  judge(info);
}

/// Whether the machine is what the manifest requires; else the reason says so. What is not installed is told
/// by files alone: asking a driver for the sake of its reason may take seconds.
bool fits(State& state, FoundPlugin& plugin) {
  if (!plugin.manifest) return true;
  PluginInfo& info = plugin.info;
  const bool ask = info.installed || state.scan;
  const std::string problem = detail::unmet_requirement(*plugin.manifest, state.machine, ask);
  if (problem.empty()) return true;
  info.reason = info.installed ? problem : problem + " (and " + info.reason + ")";
  return false;
}

/// Whether a plugin is still to be asked; decides what needs no asking.
bool to_be_asked(State& state, FoundPlugin& plugin) {
  PluginInfo& info = plugin.info;
  const bool is_absent = !info.installed && plugin.manifest && plugin.manifest->platform_reason().empty();
  if (plugin.probed || plugin.shadowed || (!info.reason.empty() && !is_absent)) return false;
  plugin.probed = true;
  return fits(state, plugin) && info.installed;
}

/// Loads and probes once; a problem becomes the plugin's reason.
void probe(State& state, FoundPlugin& plugin) {
  if (!to_be_asked(state, plugin)) return;
  if (state.scan)
    scan(state, plugin);
  else
    load_and_probe(state, plugin.info, manifest_of(plugin));
}

/// All at the same time: one that hangs does not make the others wait for it.
void scan_all(State& state) {
  std::vector<std::future<void>> scans;
  for (FoundPlugin& plugin : state.found)
    if (to_be_asked(state, plugin))
      scans.push_back(std::async(std::launch::async, [&state, &plugin] { scan(state, plugin); }));
  for (auto& one : scans) one.get();
}

/// A plugin without a manifest must be loaded to learn its keys: only where its file was named by hand.
void learn_options(State& state, FoundPlugin& plugin) {
  Schema& schema = state.schema;
  if (plugin.manifest) {
    const auto known = schema.backends();
    if (std::find(known.begin(), known.end(), plugin.manifest->name) == known.end())
      schema.add_backend(plugin.manifest->name, plugin.manifest->options);
    return;
  }
  if (plugin.shadowed || !plugin.info.installed || !plugin.info.reason.empty()) return;
  try {
    if (state.scan) {
      probe(state, plugin);
      schema.add_backend(plugin.info.name, plugin.options);
      return;
    }
    const detail::LoadedPlugin& loaded = detail::load_plugin(plugin.info.library, nullptr, state.rules);
    schema.add_backend(loaded.name, detail::read_options(loaded));
  } catch (const Error& error) {
    plugin.info.reason = error.message();
  }
}

std::vector<PluginInfo> infos(const std::vector<FoundPlugin>& found, bool with_shadowed) {
  std::vector<PluginInfo> all;
  for (const FoundPlugin& plugin : found)
    if (with_shadowed || !plugin.shadowed) all.push_back(plugin.info);
  return all;
}

/// What to use instead, made of what really works here.
std::string suggestion(State& state) {
  const PluginInfo* best = nullptr;
  for (FoundPlugin& plugin : state.found) {
    probe(state, plugin);
    if (plugin.info.reason.empty() && plugin.info.score > 0 && (!best || plugin.info.score > best->score))
      best = &plugin.info;
  }
  if (!best) return "install a backend that runs here (\"da3-host devices\" lists what was found)";
  const std::string profile = "profiles/" + best->name + "-balanced.yaml";
  std::error_code ignored;
  if (std::filesystem::exists(share_folder() / profile, ignored))
    return "use --config " + profile + " or backend: auto";
  return "use backend: " + best->name + " or backend: auto";
}

}  // namespace

PluginRegistry::PluginRegistry(const Profile& profile, const SearchOptions& options)
    : state_(std::make_shared<detail::RegistryState>()) {
  state_->rules = detail::trust_rules(profile);
  state_->scan = options.scan_in_child || detail::isolation::is_asked_for(profile);
  // A value that makes no sense is found by schema().check().
  if (const auto seconds = option_type::parse_float(profile.get("plugins.scan_seconds"));
      seconds && *seconds > 0)
    state_->scan_limit = std::chrono::milliseconds(static_cast<int64_t>(std::min(*seconds, 600.0) * 1000));
  state_->found = detail::find_plugins(profile, options, state_->rules);
  for (FoundPlugin& plugin : state_->found) learn_options(*state_, plugin);
}

Schema& PluginRegistry::schema() { return state_->schema; }
const Schema& PluginRegistry::schema() const { return state_->schema; }

std::vector<PluginInfo> PluginRegistry::plugins() const {
  const std::lock_guard lock(state_->mutex);
  return infos(state_->found, true);
}

std::vector<PluginInfo> PluginRegistry::devices() {
  const std::lock_guard lock(state_->mutex);
  if (state_->scan)
    scan_all(*state_);
  else
    for (FoundPlugin& plugin : state_->found) probe(*state_, plugin);
  return infos(state_->found, true);
}

const hardware::NvidiaFacts& PluginRegistry::nvidia_facts() {
  const std::lock_guard lock(state_->mutex);
  return state_->machine.nvidia();
}

Choice PluginRegistry::choose(const Profile& profile) {
  const detail::Wanted wanted = detail::wanted_backends(profile);
  const std::lock_guard lock(state_->mutex);
  for (FoundPlugin& plugin : state_->found)
    if (wanted.names.empty() ||
        std::find(wanted.names.begin(), wanted.names.end(), plugin.info.name) != wanted.names.end())
      probe(*state_, plugin);
  try {
    return detail::rank_backends(wanted, infos(state_->found, false), "");
  } catch (const Error& error) {
    if (error.code() != DA3_E_UNAVAILABLE) throw;
    return detail::rank_backends(wanted, infos(state_->found, false), suggestion(*state_));
  }
}

const da3_plugin* PluginRegistry::table(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  for (FoundPlugin& plugin : state_->found) {
    if (plugin.shadowed || plugin.info.name != name) continue;
    if (!plugin.info.installed || (!plugin.probed && !plugin.info.reason.empty()))
      throw Error(DA3_E_UNAVAILABLE, "backend " + name + " cannot be used: " + plugin.info.reason);
    return &detail::load_plugin(plugin.info.library, manifest_of(plugin), state_->rules).table;
  }
  throw Error(DA3_E_UNAVAILABLE, "backend " + name + " cannot be used: no plugin of that name was found");
}

}  // namespace da3
