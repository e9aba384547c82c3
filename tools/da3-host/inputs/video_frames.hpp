// SPDX-License-Identifier: Apache-2.0
// Videos among the inputs become pictures: frames are read one after the other and kept as PNG files, so that
// what comes after (sizes, cameras, --resume, COLMAP's names) has files as of photographs, however long a
// video is.
#pragma once

#include <da3/io/api.hpp>
#include <da3/io/video.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "progress.hpp"

namespace da3::host {

/// Where a picture comes from.
struct VideoFrame {
  std::filesystem::path video;
  int64_t number = 0;  ///< of the video, from 0
  double seconds = 0;  ///< from its beginning
};

struct TakenFrames {
  /// Each video's pictures in order.
  std::map<std::filesystem::path, std::vector<std::filesystem::path>> of_video;
  std::map<std::filesystem::path, VideoFrame> origin;  ///< by picture
  size_t shortfalls = 0;  ///< videos that end too early or, among other inputs, cannot be read

  /// The inputs with each video replaced by its pictures.
  std::vector<std::filesystem::path> replaced(const std::vector<std::filesystem::path>& inputs) const;
};

/// By the name's extension; a file with neither an image's nor a video's extension by content.
/// video_library: opened when it is needed.
bool is_video(const std::filesystem::path& file, const io::Api& io,
              const std::function<const io::VideoApi&()>& video_library);

struct FrameJob {
  const io::Api* io = nullptr;
  std::function<const io::VideoApi&()> video_library;
  io::FrameSelection selection;
  std::filesystem::path folder;   ///< of one video: 000000.png ... in here, counted over the frames taken; of
                                  ///< several: <name>/000000.png; beside them frames.json
  bool reuse = false;             ///< pictures that frames.json says are of this video and selection stay
  std::filesystem::path earlier;  ///< with reuse: looked into first, never written to; laid out like folder
  Progress* progress = nullptr;
};

/// Warns of videos that end early or cannot be read while there are other inputs. Throws PhaseError: input
/// when a video cannot be opened or gives no frame, output when pictures cannot be written, DA3_E_CANCELLED
/// after a signal.
TakenFrames take_frames(const std::vector<std::filesystem::path>& inputs, const FrameJob& job);

}  // namespace da3::host
