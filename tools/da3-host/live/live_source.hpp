// SPDX-License-Identifier: Apache-2.0
// What --source names.
#pragma once

#include <cstdint>
#include <da3/io/api.hpp>
#include <functional>
#include <memory>
#include <string>

#include "live/live_arguments.hpp"

namespace da3::host {

struct LiveSource {
  enum class Kind { jpegs, raw, camera, stream };
  Kind kind = Kind::jpegs;
  std::string address;            ///< of a camera its device, of a stream its address
  int64_t height = 0, width = 0;  ///< of raw frames
};

/// Throws Error(DA3_E_INVALID) for what is none.
LiveSource parse_source(const std::string& text);

/// What can be known before a model is loaded: throws PhaseError (input) for a folder that is not there, a
/// source that is none, a camera that is not there and a terminal as stdin; (backend) where libda3_video is
/// needed and cannot be opened.
void check_live_input(const LiveArguments& arguments);

/// Throws PhaseError (input, backend). should_stop is asked while frames are waited for.
std::unique_ptr<io::FrameSource> open_source(const std::string& text, const io::Api& io,
                                             const std::function<bool()>& should_stop);

}  // namespace da3::host
