// SPDX-License-Identifier: Apache-2.0
// Scenes of one size through the network together, and each by itself to its files.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report.hpp"
#include "scenes/load_scene.hpp"

namespace da3::host {

/// The model's outputs that the formats, the given cameras and the report need: depth always, the others
/// where the model has them.
std::vector<std::string> outputs_needed(const SceneContext& context);

/// A scene after its run.
struct RanScene {
  LoadedScene loaded;
  std::shared_ptr<const RunResult> result;  ///< of all scenes that ran together; nullptr: it failed
  size_t place = 0, batch = 1;              ///< which of them, of how many
  StageTimes stages;                        ///< its share
  double forward_ms = 0;                    ///< its share
  std::exception_ptr failure;               ///< a PhaseError (input or run)

  uint64_t bytes() const;  ///< that it holds
};

/// What became of a scene.
struct SceneResult {
  size_t item = 0;
  std::optional<SceneReport> report;  ///< empty: failed
  std::exception_ptr failure;         ///< a PhaseError (input, run or output)
  double milliseconds = 0;            ///< of work, its share of the batch's
};

/// Runs the scenes, all of one size but those that lost images when they were loaded: they run by themselves.
/// Those that could not be loaded stay as they are. Where the run itself fails, each scene is run again by
/// itself. In the order of the scenes.
std::vector<RanScene> run_batch(const SceneContext& context, std::vector<LoadedScene> scenes);

/// Writes what the run gave. Nothing is written of a scene that failed.
SceneResult write_result(const SceneContext& context, const RanScene& scene);

}  // namespace da3::host
