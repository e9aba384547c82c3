// SPDX-License-Identifier: Apache-2.0
// Video files as frames. The table of libda3_video, a library of its own: FFmpeg, which it is linked with
// through OpenCV, brings much, and on Debian it is under the GPL. So it is opened for a video only
// (da3/io/open.hpp), and an installation may leave it out.
#pragma once

#include <da3/io/frame_source.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string_view>

namespace da3::io {

/// Which frames of a video are delivered.
struct FrameSelection {
  double fps = 1;    ///< frames a second, as upstream: every max(1, int(video's / fps))-th; 0: every one
  double start = 0;  ///< seconds: the first frame at or after it is the first one that counts
  double end = std::numeric_limits<double>::infinity();  ///< seconds: none at or after it
};

/// What counts as a video by its name; small letters.
inline constexpr std::array<std::string_view, 8> video_extensions{"mp4", "avi", "mov",  "mkv",
                                                                  "flv", "wmv", "webm", "m4v"};

/// Opens a video by FFmpeg, which knows it by content. Frames come turned as the file says. After a damaged
/// place decoding goes on; where it cannot, the frames end, and shortfall() tells when more than a second of
/// what was announced is missing. Throws Error: DA3_E_NOT_FOUND (native = errno) for what cannot be opened,
/// DA3_E_INVALID for what is no video, DA3_E_BAD_VALUE for a selection that selects nothing: fps below 0,
/// start below 0, end not after start.
std::unique_ptr<FrameSource> open_video(const std::filesystem::path& file, const FrameSelection& selection);

/// Functions of libda3_video: each does what the declaration of the same name documents. Any thread.
struct VideoApi {
  uint64_t struct_size;   ///< sizeof(VideoApi)
  const char* build;      ///< version of the build, equal to DA3_IO_BUILD of the caller
  const char* libraries;  ///< "OpenCV 4.6.0, FFmpeg", for run.json

  std::unique_ptr<FrameSource> (*open_video)(const std::filesystem::path& file,
                                             const FrameSelection& selection);
};

}  // namespace da3::io
