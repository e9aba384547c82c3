// SPDX-License-Identifier: Apache-2.0
#include "support/video_files.hpp"

#include <opencv2/videoio.hpp>

#include <stdexcept>

namespace da3::test {

std::array<int, 3> frame_colour(int n) { return {20 + n * 31 % 200, 20 + n * 7 % 200, 220 - n * 13 % 200}; }

void write_video(const std::filesystem::path& file, int frames, double frames_per_second) {
  using cv::VideoWriter;
  const std::string extension = file.extension().string();
  const bool own = extension == ".avi";
  const int codec = own                   ? VideoWriter::fourcc('M', 'J', 'P', 'G')
                    : extension == ".mkv" ? VideoWriter::fourcc('F', 'F', 'V', '1')
                                          : VideoWriter::fourcc('m', 'p', '4', 'v');
  VideoWriter writer(file.string(), own ? cv::CAP_OPENCV_MJPEG : cv::CAP_FFMPEG, codec, frames_per_second,
                     {video_width, video_height});
  if (!writer.isOpened()) throw std::runtime_error("no writer for " + extension);
  for (int n = 0; n < frames; ++n) {
    const auto colour = frame_colour(n);
    writer.write(cv::Mat(video_height, video_width, CV_8UC3, cv::Scalar(colour[2], colour[1], colour[0])));
  }
}

void cut_file(const std::filesystem::path& file, double share) {
  const auto size = static_cast<double>(std::filesystem::file_size(file));
  std::filesystem::resize_file(file, static_cast<uintmax_t>(size * share));
}

}  // namespace da3::test
