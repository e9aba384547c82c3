// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace da3::io {

/// Keeps what OpenCV and FFmpeg print about damaged files off stderr: errors are told as Error. Once is
/// enough; any thread.
void silence_ffmpeg();

/// Keeps the first thing that FFmpeg complains of in this thread, while it lives: OpenCV says only that
/// something did not work. One at a time in a thread, after silence_ffmpeg().
class FfmpegComplaint {
 public:
  FfmpegComplaint();
  ~FfmpegComplaint();
  FfmpegComplaint(const FfmpegComplaint&) = delete;
  FfmpegComplaint& operator=(const FfmpegComplaint&) = delete;

  /// One line without its end; empty: there was none.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace da3::io
