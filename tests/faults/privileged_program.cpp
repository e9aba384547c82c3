// SPDX-License-Identifier: Apache-2.0
// What a program sees that runs with more rights than its caller: see plugin_trust_test.cpp. Argument: a
// plugin.
#include <unistd.h>
#include <da3/da3.hpp>

#include <cstdio>

#include "hardware/child.hpp"

int main(int argc, char** argv) {
  da3::set_log_sink([](da3::LogLevel, std::string_view) {});
  da3::Profile profile;
  profile.apply_environment();
  profile.set(da3::Layer::command_line, "plugins.trust", "any", "cli");
  da3::SearchOptions options;
  options.use_installed = false;
  const size_t by_environment = da3::PluginRegistry(profile, options).plugins().size();
  if (argc > 1) options.plugin_files = {argv[1]};
  const auto named = da3::PluginRegistry(profile, options).plugins();
  dprintf(da3::hardware::answer_descriptor, "privileged=%d threads=%s found=%zu cache=%s\n%s\n",
          da3::hardware::runs_privileged(), profile.get("threads").c_str(), by_environment,
          da3::plugin_cache_folder("x").c_str(), named.empty() ? "" : named[0].reason.c_str());
}
