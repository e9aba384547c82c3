// SPDX-License-Identifier: Apache-2.0
#include "backend.hpp"

#include <algorithm>

#include "exit_code.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& named, const std::string& why) {
  throw Error(DA3_E_UNAVAILABLE, "--plugin " + named.string() + " cannot be used: " + why);
}

/// What is wrong with a named file as far as it is known by now.
void check_named(const Setup& setup) {
  const std::vector<PluginInfo> plugins = setup.registry.plugins();
  for (const fs::path& named : setup.plugin_files) {
    const auto same = [&](const PluginInfo& plugin) { return plugin.library == named; };
    const auto file = std::find_if(plugins.begin(), plugins.end(), same);
    if (file != plugins.end()) {
      if (!file->loaded && !file->reason.empty()) refuse(named, file->reason);
      continue;
    }
    // A folder: whatever plugins it holds.
    const auto inside = [&](const PluginInfo& plugin) {
      return plugin.found_by == "--plugin" && !plugin.library.empty() &&
             plugin.library.parent_path() / "" == named / "";
    };
    if (std::none_of(plugins.begin(), plugins.end(), inside))
      refuse(named, "no plugin (libda3_<name>.so) is in this folder; name the plugin's file");
  }
}

void warn_of_unused(const Setup& setup) {
  for (const PluginInfo& plugin : setup.registry.plugins())
    if (plugin.found_by == "--plugin" && !plugin.reason.empty())
      log(LogLevel::warn, "--plugin " + plugin.library.string() + " is not used: " + plugin.reason);
}

}  // namespace

Engine make_engine(Setup& setup, const Profile& profile) {
  return in_phase(Phase::backend, [&] {
    check_named(setup);
    Engine engine(setup.registry, profile);
    check_named(setup);  // what only loading shows
    warn_of_unused(setup);
    return engine;
  });
}

Assumed assume_machine(Setup& setup, const fs::path& record) {
  return in_phase(Phase::backend, [&] {
    check_named(setup);
    Assumed assumed = assume(setup.registry, setup.profile, Profile::from_file(record));
    check_named(setup);
    return assumed;
  });
}

}  // namespace da3::host
