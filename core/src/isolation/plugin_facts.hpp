// SPDX-License-Identifier: Apache-2.0
// Isolation as the registry and the Engine use it. Who is only asked about itself is asked by da3-scan.
#pragma once

#include <da3/plugin_registry.hpp>

#include <memory>

#include "file_trust.hpp"

namespace da3::detail::isolation {

class Worker;

/// Whether a profile says `isolation: process`. Throws Error(DA3_E_BAD_VALUE) for what is neither none nor
/// process.
bool is_asked_for(const Profile& profile);

/// A worker with this plugin, if the rules let it be loaded. Throws Error with the reason, without the
/// plugin's name.
std::shared_ptr<Worker> start_worker(const PluginInfo& plugin, const TrustRules& rules);

}  // namespace da3::detail::isolation
