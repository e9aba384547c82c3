// SPDX-License-Identifier: Apache-2.0
// Loads plugins and agrees with them on the ABI. What is loaded stays until the process ends: unloading
// LibTorch crashes.
#pragma once

#include <da3/plugin.h>
#include <da3/file_hash.hpp>
#include <da3/manifest.hpp>
#include <da3/plugin_registry.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "file_trust.hpp"

namespace da3::detail {

struct LoadedPlugin {
  std::filesystem::path library;  ///< canonical
  PinnedFile file;                ///< what was loaded
  da3_plugin table;  ///< a copy of what the plugin gave, members we do not know cut, missing ones NULL
  std::string name, runtime_id;
};

/// Loads a library (once: later calls for the same file return the same) and checks its table. manifest: NULL
/// when there is none. The rules are checked on the very path that is opened, without links. Throws Error
/// (DA3_E_UNAVAILABLE, DA3_E_ABI) with the reason, without the plugin's name. [any]
const LoadedPlugin& load_plugin(const std::filesystem::path& library, const Manifest* manifest,
                                const TrustRules& rules);

/// Whether that file has been loaded by load_plugin.
bool is_loaded(const std::filesystem::path& library);

/// Its devices, scores clamped to the bands of plugin.h, each unusable one with a reason. Throws Error.
std::vector<Device> probe_devices(const LoadedPlugin& plugin);
/// The same of any call like da3_plugin.probe.
using ProbeCall = std::function<int32_t(da3_device_sink sink, void* ctx, da3_error* error)>;
std::vector<Device> collect_devices(const ProbeCall& probe);

/// Its schema, from options(). Throws Error.
std::vector<OptionSpec> read_options(const LoadedPlugin& plugin);

}  // namespace da3::detail
