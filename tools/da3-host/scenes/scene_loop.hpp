// SPDX-License-Identifier: Apache-2.0
// All scenes of a run, in batches, on one device or spread over several; read before and written behind.
#pragma once

#include <exception>
#include <functional>
#include <vector>

#include "scenes/run_batch.hpp"
#include "scenes/scene_feed.hpp"

namespace da3::host {

struct LoopResult {
  std::vector<SceneReport> scenes;  ///< those that failed too, in order of the input, as far as the loop came
  std::exception_ptr fatal;         ///< of the scene that ended the loop before the others: a PhaseError
  int first_failure = 0;  ///< exit code of the first scene that failed (with fatal: of that); 0: none
};

/// What became of a scene, for whoever writes it down; called when its files are written. May throw
/// PhaseError.
using SceneDone = std::function<void(const SceneReport&)>;

/// Runs the scenes; neighbours of one size run together, at most `limits.batch` and as many as fit into
/// memory. With limits.prefetch the next ones are read and those before are written meanwhile. A scene that
/// fails is noted and the next one runs, also where a format refuses what the scene is; one that the disk
/// does not take or that was cancelled ends the loop, and those behind it are not written; a signal ends it
/// after the batch, and what ran is written. Where there is only one scene its failure is thrown. workers:
/// one for each session, not empty; they take batches as they become free, each in a thread of its own. One
/// whose device is lost ends, and its scenes are given once more to those that are left; the last one never
/// does. Each of both functions is called by one thread at a time, but both may be at once.
LoopResult run_scenes(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
                      const PipelineLimits& limits, const DoneBefore& done_before, const SceneDone& written);

}  // namespace da3::host
