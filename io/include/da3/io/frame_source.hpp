// SPDX-License-Identifier: Apache-2.0
// Pictures one after the other, each with its time: a video, a camera, a folder that fills. Only the frame
// that is read is in memory.
#pragma once

#include <da3/io/image.hpp>

#include <cstdint>
#include <string>

namespace da3::io {

/// One picture of a source.
struct Frame {
  Image image;
  int64_t number = 0;  ///< counted from 0 over all frames of the source, also those that are not delivered
  double seconds = 0;  ///< since the source's beginning; of a live one: since it was opened
};

/// What a source says of itself before its first frame. It may be wrong: files often are.
struct SourceFacts {
  std::string name;              ///< for messages: a path, "/dev/video0", "stdin"
  bool live = false;             ///< frames come when they come; a camera loses those not fetched in time
  int64_t frames = 0;            ///< 0: not known
  double frames_per_second = 0;  ///< 0: not known
};

/// One thread at a time.
class FrameSource {
 public:
  FrameSource() = default;
  FrameSource(const FrameSource&) = delete;
  FrameSource& operator=(const FrameSource&) = delete;
  virtual ~FrameSource() = default;

  virtual const SourceFacts& facts() const = 0;

  /// The next frame into `frame`, whose memory is used again. False: there are no more; `frame` is as it was.
  /// A live source waits. Throws Error: DA3_E_INVALID for data that cannot be decoded, DA3_E_SHAPE above
  /// max_image_pixels, DA3_E_NOMEM_HOST.
  virtual bool next(Frame& frame) = 0;

  /// After the last frame: a sentence that says why there should have been more, or "".
  virtual std::string shortfall() const { return {}; }
};

}  // namespace da3::io
