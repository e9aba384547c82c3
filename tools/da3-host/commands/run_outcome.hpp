// SPDX-License-Identifier: Apache-2.0
// What is said of a run when its scenes are over.
#pragma once

#include "report.hpp"

namespace da3::host {

/// Poses in one place do not tell a scale, and then results are not in their unit: warns, and true where that
/// is so of all scenes that have poses.
bool no_scale_is_known(const std::vector<SceneReport>& scenes);

/// first_failure: exit code of the first scene that failed, 0: none did. fatal: that scene ended the run.
/// frames_lack: a video gave fewer frames than it should.
int exit_status_of(const std::vector<SceneReport>& scenes, int first_failure, bool fatal, bool frames_lack);

}  // namespace da3::host
