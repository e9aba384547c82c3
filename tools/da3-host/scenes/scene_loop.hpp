// SPDX-License-Identifier: Apache-2.0
// All scenes of a run, in batches, on one device or spread over several.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <vector>

#include "scenes/run_batch.hpp"

namespace da3::host {

struct LoopResult {
  std::vector<SceneReport> scenes;  ///< those that failed too, in order of the input, as far as the loop came
  std::exception_ptr fatal;         ///< of the scene that ended the loop before the others: a PhaseError
  int first_failure = 0;  ///< exit code of the first scene that failed (with fatal: of that); 0: none
};

/// What became of a scene, for whoever writes it down; called when its files are written. May throw
/// PhaseError.
using SceneDone = std::function<void(const SceneReport&)>;
/// A scene that an earlier run did: its report. Else nothing.
using DoneBefore = std::function<std::optional<SceneReport>(const Scene&)>;

/// Runs the scenes; neighbours of one size run together, at most `most` and as many as fit into memory. A
/// scene that fails is noted and the next one runs; one that cannot be written or was cancelled ends the
/// loop, a signal does after the batch. Where there is only one scene its failure is thrown.
/// workers: one for each session, not empty; they take batches as they become free, each in a thread of its
/// own. One whose device is lost ends, and its scenes are given once more to those that are left; the last
/// one never does. Both functions are called by one thread at a time.
LoopResult run_scenes(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes, size_t most,
                      const DoneBefore& done_before, const SceneDone& written);

}  // namespace da3::host
