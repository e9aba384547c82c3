// SPDX-License-Identifier: Apache-2.0
// Several devices of one backend, or one several times: each with the model loaded on it and a session of its
// own.
#pragma once

#include <da3/da3.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenes/scene_context.hpp"
#include "settings.hpp"

namespace da3::host {

/// Members are destroyed from the last to the first: a session before its model before its engine.
struct SceneWorker {
  Engine engine;
  Model model;
  Session session;
};

/// What `devices:` asks for.
struct WantedDevices {
  bool all = false;
  std::vector<int32_t> indexes;  ///< empty: the one that `device:` says, or all
};

/// Reads `devices:`. Throws Error(DA3_E_BAD_VALUE) beside a `device:`, which says it otherwise.
WantedDevices wanted_devices(const Setup& setup);

/// The profile for one of several workers: its device and, where several share one, its part of the CPU's
/// threads, unless the user said how many. Without index and with backend "" the choice is left as it is.
Profile worker_profile(const Setup& setup, const WantedDevices& wanted, std::optional<int32_t> index,
                       const std::string& backend);

/// Device indexes of the workers after the first, which has `chosen`: the rest of the list, or all others of
/// the plugin that can be used and are of the same kind; at most `most`.
std::vector<int32_t> further_devices(const WantedDevices& wanted, const PluginInfo& plugin,
                                     const Device& chosen, size_t most);

/// Opens a worker on each of these devices: its engine, the model on it, a session. passed_over: a device
/// that cannot be used is a warning. Throws PhaseError, without that for every failure.
void add_workers(std::vector<SceneWorker>& workers, const std::vector<int32_t>& devices, bool passed_over,
                 const std::filesystem::path& model, const std::function<Engine(int32_t device)>& open);

/// What all scenes share, for each of the workers; they must outlive it.
std::vector<SceneContext> worker_contexts(std::vector<SceneWorker>& workers, const SceneContext& shared);

}  // namespace da3::host
