// SPDX-License-Identifier: Apache-2.0
// The one exported symbol.
#include <da3/io/video.hpp>

#include "ffmpeg_log.hpp"

#include <opencv2/core/version.hpp>

extern "C" __attribute__((visibility("default"))) const da3::io::VideoApi* da3_video_api() {
  using namespace da3::io;
  static const VideoApi api{sizeof(VideoApi), DA3_IO_BUILD, "OpenCV " CV_VERSION " videoio, FFmpeg",
                            &open_video,      &open_live,   &create_video};
  silence_ffmpeg();
  return &api;
}
