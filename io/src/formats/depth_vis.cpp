// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"
#include "formats/formats.hpp"
#include "quiet.hpp"

#include <da3/error.hpp>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstdio>

namespace da3::io {

std::filesystem::path view_file(const ExportJob& job, const char* folder, int64_t view,
                                const char* extension) {
  char name[32];
  std::snprintf(name, sizeof name, "%04lld", static_cast<long long>(view));
  return job.directory / folder / (std::string(name) + extension);
}

std::vector<uint8_t> encode_jpeg(const std::vector<uint8_t>& rgb, int64_t height, int64_t width) {
  const Quiet quiet;
  const cv::Mat image(static_cast<int>(height), static_cast<int>(width), CV_8UC3,
                      const_cast<uint8_t*>(rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(image, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 95}) || bytes.empty())
    throw Error(DA3_E_INTERNAL, "encoding a JPEG failed: OpenCV does not say why; please report this");
  return bytes;
}

std::vector<uint8_t> side_by_side(const std::vector<uint8_t>& left, const std::vector<uint8_t>& right,
                                  int64_t height, int64_t width) {
  const size_t row = static_cast<size_t>(width) * 3;
  std::vector<uint8_t> both(2 * left.size());
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    std::copy_n(left.data() + y * row, row, both.data() + 2 * y * row);
    std::copy_n(right.data() + y * row, row, both.data() + (2 * y + 1) * row);
  }
  return both;
}

std::vector<uint8_t> depth_picture(const OutputMaps& maps, int64_t view, const std::string& colormap) {
  const int64_t height = maps.height(view), width = maps.width(view);
  const std::vector<uint8_t> depth = colour_depth(maps.depth(view).data(), height, width, colormap);
  return encode_jpeg(side_by_side(maps.image(view), depth, height, width), height, 2 * width);
}

void write_depth_vis(const ExportJob& job) {
  for (int64_t view = 0; view < job.prediction.views; ++view) {
    const auto file = view_file(job, "depth_vis", view, ".jpg");
    write_file_atomic(file, depth_picture(job.maps, view, job.options.colormap));
    job.written.push_back(file);
  }
}

}  // namespace da3::io
