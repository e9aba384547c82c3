// SPDX-License-Identifier: Apache-2.0
// Which backend: a pure function of what was asked for and what was found.
#pragma once

#include <da3/plugin_registry.hpp>

#include <optional>
#include <string>
#include <vector>

namespace da3::detail {

struct Wanted {
  std::vector<std::string> names;       ///< empty: auto
  std::optional<int32_t> device_index;  ///< `device:`, dl_id
};

/// Reads `backend:` and `device:`. Throws Error(DA3_E_BAD_VALUE).
Wanted wanted_backends(const Profile& profile);

/// plugins: one for each name, probed as far as they may be chosen. suggestion: what to use when none can
/// ("use backend: cpu"). Throws Error(DA3_E_UNAVAILABLE).
Choice rank_backends(const Wanted& wanted, const std::vector<PluginInfo>& plugins,
                     const std::string& suggestion);

/// A plugin's best usable device (the one of the index when given), or nullptr with the reason.
const Device* best_device(const PluginInfo& plugin, std::optional<int32_t> index, std::string& reason);

}  // namespace da3::detail
