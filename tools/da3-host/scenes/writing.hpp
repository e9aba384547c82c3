// SPDX-License-Identifier: Apache-2.0
// What the writing of a scene has to do with the rest of the program: progress, signals, log, threads,
// videos.
#pragma once

#include <string>
#include <vector>

#include "scenes/scene_context.hpp"

namespace da3::host {

/// Opens the library for videos where a format cannot be written without. Throws PhaseError (backend).
void check_videos(const std::vector<std::string>& formats);

/// The backend's threads, else the CPUs that the process may use.
int writing_threads(const Engine& engine);

/// The run's options, with a second signal as the end and progress told of this item.
io::ExportOptions watched(const SceneContext& context, size_t item, const std::string& name);

}  // namespace da3::host
