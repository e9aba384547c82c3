// SPDX-License-Identifier: Apache-2.0
// Scenes of one size from files to files: read, run together, write.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "report.hpp"
#include "scenes/scene_plan.hpp"

namespace da3::host {

/// The model's outputs that the formats, the given cameras and the report need: depth always, the others
/// where the model has them.
std::vector<std::string> outputs_needed(const SceneContext& context);

/// What became of one scene of a batch.
struct SceneResult {
  size_t item = 0;
  std::optional<SceneReport> report;  ///< empty: failed
  std::exception_ptr failure;         ///< a PhaseError (input, run or output)
  double milliseconds = 0;            ///< its share of the batch's
};

/// Runs the plans, all of one size. A scene that cannot be read or written fails alone; where the run itself
/// fails, each scene is run again by itself. Nothing is written of a scene that failed before its output.
/// Results in the order of the plans.
std::vector<SceneResult> run_batch(const SceneContext& context, const std::vector<ScenePlan>& plans);

}  // namespace da3::host
