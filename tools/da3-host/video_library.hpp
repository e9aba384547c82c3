// SPDX-License-Identifier: Apache-2.0
// libda3_video, opened where something is to be done with a video.
#pragma once

#include <da3/io/open.hpp>

#include "exit_code.hpp"

namespace da3::host {

/// Throws PhaseError (backend): a broken installation, or one without this part, not a broken file.
inline const io::VideoApi& video_library() {
  return in_phase(Phase::backend, []() -> const io::VideoApi& { return io::open_video_library(); });
}

}  // namespace da3::host
