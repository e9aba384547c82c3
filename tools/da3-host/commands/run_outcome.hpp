// SPDX-License-Identifier: Apache-2.0
// What is said of a run when its scenes are over.
#pragma once

#include <exception>
#include <vector>

#include "report.hpp"

namespace da3::host {

/// Poses in one place do not tell a scale, and then results are not in their unit: warns, and true where that
/// is so of all scenes that have poses.
bool no_scale_is_known(const std::vector<SceneReport>& scenes);

struct RunOutcome {
  bool any_done = false;     ///< a scene or a frame
  bool images_lack = false;  ///< of a scene that is done, or of a video
  int first_failure = 0;     ///< exit code of the first scene or frame that failed; 0: none did
  std::exception_ptr fatal;  ///< of the one that ended the run before the others
};

/// Adds what the scenes tell of any_done and images_lack.
void add_scenes(RunOutcome& outcome, const std::vector<SceneReport>& scenes);

int exit_status_of(const RunOutcome& outcome);

}  // namespace da3::host
