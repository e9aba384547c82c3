// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/log.hpp>
#include <da3/paths.hpp>
#include <da3/plugin_registry.hpp>
#include <mutex>

#include "choice.hpp"
#include "plugin_loader.hpp"
#include "plugin_search.hpp"

namespace da3 {

using detail::FoundPlugin;

struct detail::RegistryState {
  std::mutex mutex;
  Schema schema;
  std::vector<FoundPlugin> found;
};

namespace {

const Manifest* manifest_of(const FoundPlugin& plugin) {
  return plugin.manifest ? &*plugin.manifest : nullptr;
}

/// Loads and probes once; a problem becomes the plugin's reason.
void probe(FoundPlugin& plugin) {
  PluginInfo& info = plugin.info;
  if (plugin.probed || plugin.shadowed || !info.installed || !info.reason.empty()) return;
  plugin.probed = true;
  try {
    const detail::LoadedPlugin& loaded = detail::load_plugin(info.library, manifest_of(plugin));
    info.loaded = true;
    info.id = loaded.table.id;
    info.version = loaded.table.version;
    info.abi = std::to_string(loaded.table.abi_major) + "." + std::to_string(loaded.table.abi_minor);
    info.vendor = loaded.table.vendor ? loaded.table.vendor : "";
    info.license = loaded.table.license ? loaded.table.license : "";
    info.runtime_id = loaded.runtime_id;
    info.devices = detail::probe_devices(loaded);
    const Device* best = detail::best_device(info, std::nullopt, info.reason);
    if (best) info.reason.clear();
    info.score = best ? best->score : 0;
  } catch (const Error& error) {
    info.reason = error.message();
  }
}

/// A plugin without a manifest must be loaded to learn its keys: only where its file was named by hand.
void learn_options(Schema& schema, FoundPlugin& plugin) {
  if (plugin.manifest) {
    const auto known = schema.backends();
    if (std::find(known.begin(), known.end(), plugin.manifest->name) == known.end())
      schema.add_backend(plugin.manifest->name, plugin.manifest->options);
    return;
  }
  if (plugin.shadowed || !plugin.info.installed || !plugin.info.reason.empty()) return;
  try {
    const detail::LoadedPlugin& loaded = detail::load_plugin(plugin.info.library, nullptr);
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
std::string suggestion(std::vector<FoundPlugin>& found) {
  const PluginInfo* best = nullptr;
  for (FoundPlugin& plugin : found) {
    probe(plugin);
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
  state_->found = detail::find_plugins(profile, options);
  for (FoundPlugin& plugin : state_->found) learn_options(state_->schema, plugin);
}

Schema& PluginRegistry::schema() { return state_->schema; }
const Schema& PluginRegistry::schema() const { return state_->schema; }

std::vector<PluginInfo> PluginRegistry::plugins() const {
  const std::lock_guard lock(state_->mutex);
  return infos(state_->found, true);
}

std::vector<PluginInfo> PluginRegistry::devices() {
  const std::lock_guard lock(state_->mutex);
  for (FoundPlugin& plugin : state_->found) probe(plugin);
  return infos(state_->found, true);
}

Choice PluginRegistry::choose(const Profile& profile) {
  const detail::Wanted wanted = detail::wanted_backends(profile);
  const std::lock_guard lock(state_->mutex);
  for (FoundPlugin& plugin : state_->found)
    if (wanted.names.empty() ||
        std::find(wanted.names.begin(), wanted.names.end(), plugin.info.name) != wanted.names.end())
      probe(plugin);
  try {
    return detail::rank_backends(wanted, infos(state_->found, false), "");
  } catch (const Error& error) {
    if (error.code() != DA3_E_UNAVAILABLE) throw;
    return detail::rank_backends(wanted, infos(state_->found, false), suggestion(state_->found));
  }
}

const da3_plugin* PluginRegistry::table(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  for (FoundPlugin& plugin : state_->found) {
    if (plugin.shadowed || plugin.info.name != name) continue;
    if (!plugin.info.installed || (!plugin.probed && !plugin.info.reason.empty()))
      throw Error(DA3_E_UNAVAILABLE, "backend " + name + " cannot be used: " + plugin.info.reason);
    return &detail::load_plugin(plugin.info.library, manifest_of(plugin)).table;
  }
  throw Error(DA3_E_UNAVAILABLE, "backend " + name + " cannot be used: no plugin of that name was found");
}

}  // namespace da3
