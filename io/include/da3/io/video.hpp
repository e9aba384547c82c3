// SPDX-License-Identifier: Apache-2.0
// Video files, cameras and network streams as frames, and frames as video files. The table of libda3_video, a
// library of its own: FFmpeg, which it is linked with through OpenCV, brings much, and on Debian it is under
// the GPL. So it is opened for a video only (da3/io/open.hpp), and an installation may leave it out.
#pragma once

#include <da3/io/frame_source.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
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

/// What comes by itself: a camera of this machine, or a stream out of the network.
struct LiveVideo {
  enum class Kind { camera, stream };
  Kind kind = Kind::camera;
  std::string address;                ///< "/dev/video0"; "rtsp://user:secret@door/1"
  int open_ms = 10000;                ///< until the first answer
  int read_ms = 10000;                ///< between two frames
  std::function<bool()> should_stop;  ///< asked while something is waited for; true: there are no more frames
};

/// What the address of a stream may begin with, before "://".
inline constexpr std::array<std::string_view, 10> stream_schemes{"rtsp",  "rtsps", "http", "https", "rtmp",
                                                                 "rtmps", "srt",   "udp",  "rtp",   "tcp"};

/// Opens a camera by V4L2 or a stream by FFmpeg; both in a thread of their own, so that should_stop is always
/// followed at once, whatever a driver or a host does. Frames wait for whoever takes them, one at most. When
/// a stream ends next() gives false. Throws Error, as next() does: DA3_E_NOT_FOUND for a camera or host that
/// is not there (native = errno, of a camera), refuses, falls silent or is gone; DA3_E_UNSUPPORTED where this
/// OpenCV has no V4L2 or FFmpeg, for what is no camera, and for pictures that are not understood; DA3_E_SHAPE
/// above max_image_pixels. No message has the password of an address.
std::unique_ptr<FrameSource> open_live(const LiveVideo& video);

/// What all pictures of a video that is written have in common.
struct VideoFormat {
  int64_t height = 0, width = 0;  ///< 1 to 16383; an odd one grows by one that repeats the last
  double frames_per_second = 0;
};

/// A video that grows picture by picture, under a temporary name in its folder; what is not committed is
/// removed. One thread at a time.
class VideoWriter {
 public:
  VideoWriter() = default;
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;
  virtual ~VideoWriter() = default;

  /// RGB, [height, width, 3]. Throws Error: DA3_E_SHAPE for another size, DA3_E_NOMEM_HOST, DA3_E_INTERNAL.
  virtual void write(std::span<const uint8_t> rgb) = 0;

  /// Ends the file, looks whether it is whole, and gives it its name. Throws Error(DA3_E_NOT_FOUND, native =
  /// errno) where it could not be written: disk full, folder gone; DA3_E_INTERNAL where nobody says why.
  virtual void commit() = 0;

  /// "H.264" or "MPEG-4 part 2".
  virtual std::string_view encoder() const = 0;
};

/// An MP4 file, H.264 where OpenCV's FFmpeg has an encoder for it, else MPEG-4 part 2, both yuv420p. Folders
/// are made. Throws Error: DA3_E_UNSUPPORTED where neither encoder is there, DA3_E_SHAPE and DA3_E_BAD_VALUE
/// for a format that is none, DA3_E_NOT_FOUND (native = errno) when the file cannot be made.
std::unique_ptr<VideoWriter> create_video(const std::filesystem::path& file, const VideoFormat& format);

/// Functions of libda3_video: each does what the declaration of the same name documents. Any thread.
struct VideoApi {
  uint64_t struct_size;   ///< sizeof(VideoApi)
  const char* build;      ///< version of the build, equal to DA3_IO_BUILD of the caller
  const char* libraries;  ///< "OpenCV 4.6.0, FFmpeg", for run.json

  std::unique_ptr<FrameSource> (*open_video)(const std::filesystem::path& file,
                                             const FrameSelection& selection);
  std::unique_ptr<FrameSource> (*open_live)(const LiveVideo& video);
  std::unique_ptr<VideoWriter> (*create_video)(const std::filesystem::path& file, const VideoFormat& format);
};

}  // namespace da3::io
