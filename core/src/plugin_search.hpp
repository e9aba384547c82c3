// SPDX-License-Identifier: Apache-2.0
// Finds plugins and manifests on disk; loads nothing.
#pragma once

#include <da3/manifest.hpp>
#include <da3/plugin_registry.hpp>

#include <optional>
#include <vector>

#include "file_trust.hpp"

namespace da3::detail {

struct FoundPlugin {
  PluginInfo info;  ///< reason is set when the file or its manifest is bad, or cannot run on this platform
  std::optional<Manifest> manifest;
  bool shadowed = false;  ///< another plugin of the name was found before
  bool probed = false;
  std::vector<OptionSpec> options;  ///< as a scan told them
};

/// In the order of the search. What the rules do not trust has a reason. Throws Error(DA3_E_INVALID) for a
/// relative path in options.plugin_files.
std::vector<FoundPlugin> find_plugins(const Profile& profile, const SearchOptions& options,
                                      const TrustRules& rules);

}  // namespace da3::detail
