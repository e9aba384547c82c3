// SPDX-License-Identifier: Apache-2.0
// Where the pictures of --follow and --source come from.
#pragma once

#include <cstdint>
#include <da3/io/api.hpp>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "live/live_arguments.hpp"

namespace da3::host {

struct LiveFrame {
  io::Image image;
  std::string name;            ///< of its folder of results
  std::filesystem::path file;  ///< empty: not from a file
  int64_t number = 0;          ///< in its source, from 0
  double seconds = 0;          ///< since the source was opened
  double read_ms = 0;
  std::exception_ptr failure;  ///< a PhaseError (input): this one cannot be read, others may
};

/// One thread at a time.
class LiveFrames {
 public:
  virtual ~LiveFrames() = default;
  /// Waits for the next one. False: there are no more, or it should stop. Throws PhaseError (input) when no
  /// further one can come.
  virtual bool next(LiveFrame& frame) = 0;
};

/// Throws PhaseError (input): a folder that is none, a source that is not understood or cannot be opened.
/// exif_rotation: of image files; should_stop is asked while frames are waited for.
std::unique_ptr<LiveFrames> open_live_frames(const LiveArguments& arguments, const io::Api& io,
                                             bool exif_rotation, const std::function<bool()>& should_stop);

}  // namespace da3::host
