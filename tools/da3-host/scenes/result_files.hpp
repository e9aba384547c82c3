// SPDX-License-Identifier: Apache-2.0
// The names that a scene's results will have, and that none of them is an input's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "scenes/scene_context.hpp"

namespace da3::host {

/// All files below a scene's folder that io's export_prediction may write for so many views.
std::vector<std::filesystem::path> result_files(const std::vector<std::string>& formats,
                                                const std::vector<int64_t>& features,
                                                const std::string& gs_trajectory, size_t views);

/// Throws PhaseError (output) where the file is one of the inputs.
void check_result(const InputFiles& inputs, const std::filesystem::path& file);

/// The same of all results of the scene.
void check_results(const InputFiles& inputs, const SceneContext& context, const Scene& scene);

/// Throws PhaseError (output) where depth would be streamed over a file that is no stream of an earlier run.
void check_stream_file(const std::filesystem::path& file);

}  // namespace da3::host
