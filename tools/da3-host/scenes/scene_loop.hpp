// SPDX-License-Identifier: Apache-2.0
// All scenes of a run, in batches, on one device or spread over several.
#pragma once

#include <exception>
#include <vector>

#include "scenes/run_batch.hpp"

namespace da3::host {

struct LoopResult {
  std::vector<SceneReport> scenes;  ///< those that failed too, in order of the input, as far as the loop came
  std::exception_ptr fatal;         ///< of the scene that ended the loop before the others: a PhaseError
  int first_failure = 0;  ///< exit code of the first scene that failed (with fatal: of that); 0: none
};

/// Runs the scenes; neighbours of one size run together, at most `most` and as many as fit into memory. A
/// scene that fails is noted and the next one runs; one that cannot be written or was cancelled ends the
/// loop, a signal does after the batch. Where there is only one scene its failure is thrown.
/// workers: one for each session, not empty; they take batches as they become free, each in a thread of its
/// own. One whose device is lost ends, and its scenes are given once more to those that are left; the last
/// one never does.
LoopResult run_scenes(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
                      size_t most);

}  // namespace da3::host
