// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/image.hpp>

#include "files.hpp"
#include "quiet.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace da3::io {

void write_image(const std::filesystem::path& path, const Image& image) {
  const std::string what = "writing the image \"" + path.string() + "\" failed: ";
  if (image.height < 1 || image.width < 1 ||
      image.rgb.size() != static_cast<size_t>(image.height * image.width) * 3)
    throw Error(DA3_E_INVALID, what + "its pixels do not fit its height and width; give 3 bytes a pixel");
  std::vector<uint8_t> bytes;
  {
    const Quiet quiet;
    const cv::Mat rgb(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                      const_cast<uint8_t*>(image.rgb.data()));
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    if (!cv::imencode(".png", bgr, bytes) || bytes.empty())
      throw Error(DA3_E_INTERNAL, what + "OpenCV does not say why; please report this");
  }
  write_file_atomic(path, bytes);
}

}  // namespace da3::io
