// SPDX-License-Identifier: Apache-2.0
// One scene from files to files: read, run, write.
#pragma once

#include <da3/io/api.hpp>
#include <string>
#include <vector>

#include "progress.hpp"
#include "report.hpp"

namespace da3::host {

/// What all scenes of a run share.
struct SceneContext {
  const io::Api* io = nullptr;
  Session* session = nullptr;
  Progress* progress = nullptr;
  std::vector<std::string> formats, outputs;
  std::filesystem::path output;
  io::PreprocessOptions preprocess;
};

/// The model's outputs that the formats hold: depth always, the others where the model has them.
std::vector<std::string> outputs_needed(const Model& model, const std::vector<std::string>& formats);

/// Throws PhaseError (input, run or output). Nothing is written when reading or running fails.
SceneReport run_scene(const SceneContext& context, const Scene& scene);

}  // namespace da3::host
