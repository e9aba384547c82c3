// SPDX-License-Identifier: Apache-2.0
// Frames out of a pipe: what a camera program, ffmpeg or a robot writes.
#pragma once

#include <da3/io/frame_source.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace da3::io {

/// What the bytes are. height 0: JPEGs one after the other ("MJPEG"); else RGB, 3 bytes a pixel, rows from
/// the top, each frame height * width * 3 bytes without anything between them.
struct FrameStreamOptions {
  int64_t height = 0, width = 0;
  std::function<bool()> should_stop;  ///< asked while bytes are waited for; true: there are no more frames
};

/// Reads an open file descriptor, which stays the caller's. next() throws Error: DA3_E_INVALID for a JPEG
/// that is damaged or larger than 64 MiB, and the next call goes on behind it; DA3_E_UNSUPPORTED for bytes
/// that are no JPEG and DA3_E_NOT_FOUND (native = errno) when reading fails, after which nothing more comes.
/// A last frame that is cut short is left out, and shortfall() says so. Throws Error(DA3_E_SHAPE) for a size
/// that no image may have.
std::unique_ptr<FrameSource> open_frame_stream(int descriptor, const FrameStreamOptions& options);

}  // namespace da3::io
