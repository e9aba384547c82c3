// SPDX-License-Identifier: Apache-2.0
// What a run gave for one scene, brought into the user's frame and unit, and written.
#pragma once

#include <span>
#include <string>

#include "report.hpp"
#include "scenes/scene_plan.hpp"

namespace da3::host {

/// One scene's share of the outputs of a batch.
class SceneOutputs {
 public:
  SceneOutputs(const RunResult& result, size_t scene, size_t scenes)
      : result_(result), scene_(scene), scenes_(scenes) {}

  /// Empty when the run did not make it.
  std::span<float> floats(const std::string& name) const;
  /// Without the batch: [S, ...].
  std::vector<int64_t> shape(const std::string& name) const;

 private:
  const RunResult& result_;
  size_t scene_, scenes_;
};

/// Applies the focal length of metric models and the alignment to given poses, writes the formats and fills
/// the rest of the report: depth range, unit, scale, alignment, files, time. Throws PhaseError (run or
/// output).
void write_scene(const SceneContext& context, const ScenePlan& plan, const io::Views& views,
                 const SceneOutputs& outputs, SceneReport& report);

}  // namespace da3::host
