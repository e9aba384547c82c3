// SPDX-License-Identifier: Apache-2.0
// feat_vis/feat_layer_<N>/000000.jpg and feat_layer_<N>.mp4: upstream's picture of features. The axes are
// common to all views of a block, so that one colour means the same everywhere.
#include "files.hpp"
#include "formats/formats.hpp"
#include "formats/principal_colours.hpp"
#include "formats/video_out.hpp"

#include <opencv2/imgproc.hpp>

#include <cstdio>

namespace da3::io {
namespace {

std::vector<uint8_t> enlarged(uint8_t* colours, const FeatureMap& map, int64_t height, int64_t width) {
  std::vector<uint8_t> result(static_cast<size_t>(height * width * 3));
  const cv::Mat from(static_cast<int>(map.rows), static_cast<int>(map.columns), CV_8UC3, colours);
  cv::Mat to(static_cast<int>(height), static_cast<int>(width), CV_8UC3, result.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_NEAREST);
  return result;
}

/// Nothing, and a warning, where videos cannot be written: the pictures are there all the same.
std::unique_ptr<VideoWriter> open_video(const ExportJob& job, const std::filesystem::path& file,
                                        int64_t height, int64_t width) {
  try {
    return video_out(job, "feat_vis", file, {height, width, static_cast<double>(job.options.feat_vis_fps)});
  } catch (const Error& error) {
    if (error.code() == DA3_E_NOT_FOUND && error.native() != 0) throw;  // the disk's
    say(job, true, "feat_vis is written without its video: " + error.message());
    return nullptr;
  }
}

}  // namespace

void write_feat_vis(const ExportJob& job) {
  const OutputMaps maps(job.prediction, false);
  const int64_t height = job.prediction.height, width = job.prediction.width;
  for (const FeatureMap& map : job.prediction.features) {
    std::vector<uint8_t> colours = principal_colours(map.values, map.channels);
    const auto folder = job.directory / "feat_vis" / ("feat_layer_" + std::to_string(map.block));
    const std::filesystem::path video_file = folder.string() + ".mp4";
    const auto video = open_video(job, video_file, height, 2 * width);
    for (int64_t view = 0; view < job.prediction.views; ++view) {
      check_cancelled(job, "feat_vis");
      char name[32];
      std::snprintf(name, sizeof name, "%06lld.jpg", static_cast<long long>(view));
      const auto picture = side_by_side(
          maps.image(view),
          enlarged(&colours[static_cast<size_t>(view * map.rows * map.columns * 3)], map, height, width),
          height, width);
      const auto file = folder / name;
      write_file_atomic(file, encode_jpeg(picture, height, 2 * width));
      job.written.push_back(file);
      if (video) video->write(picture);
    }
    if (!video) continue;
    video->commit();
    job.written.push_back(video_file);
  }
}

}  // namespace da3::io
