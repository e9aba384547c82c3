// SPDX-License-Identifier: Apache-2.0
// Pictures that come while the program runs: each by itself through the network, to files or into a stream.
#pragma once

#include <cstdint>
#include <exception>
#include <vector>

#include "live/live_arguments.hpp"
#include "report.hpp"
#include "scenes/scene_context.hpp"

namespace da3::host {

struct LiveResult {
  std::vector<SceneReport> scenes;  ///< the last hundred
  uint64_t done = 0, failed = 0;    ///< frames
  uint64_t dropped = 0;             ///< came while the network was busy
  int first_failure = 0;            ///< exit code of the first frame that failed; 0: none
  std::exception_ptr fatal;         ///< a PhaseError that ended the run
};

/// Until the source ends, so many frames are done, or a signal comes: then the frame at work is finished. A
/// frame that cannot be read or run is told and the next one comes; one that cannot be written ends the run.
/// context: without formats nothing is written but the stream.
LiveResult run_live(const SceneContext& context, const LiveArguments& arguments);

}  // namespace da3::host
