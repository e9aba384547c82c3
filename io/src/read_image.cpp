// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/image.hpp>

#include "image_header.hpp"
#include "quiet.hpp"
#include "rgb.hpp"

#include <opencv2/imgcodecs.hpp>

#include <new>

namespace da3::io {
namespace {

cv::Mat decode(const std::vector<uint8_t>& bytes, bool exif_rotation) {
  const Quiet quiet;
  try {
    return cv::imdecode(bytes, cv::IMREAD_COLOR | (exif_rotation ? 0 : cv::IMREAD_IGNORE_ORIENTATION));
  } catch (const cv::Exception& failed) {
    if (failed.code == cv::Error::StsNoMem) throw std::bad_alloc();
    return {};
  }
}

}  // namespace

Image read_image(const std::filesystem::path& path, bool exif_rotation) {
  const std::string what = "reading the image \"" + path.string() + "\"";
  try {
    ImageHeader header;
    const std::vector<uint8_t> bytes = read_image_file(path, what, header, exif_rotation);
    const cv::Mat decoded = decode(bytes, exif_rotation);
    if (decoded.empty() || decoded.type() != CV_8UC3)
      throw Error(DA3_E_INVALID,
                  what + " failed: its " + header.kind +
                      " data is damaged or of a kind that is not read; save the picture again");
    Image image;
    to_rgb(decoded, image);
    return image;
  } catch (const std::bad_alloc&) {
    throw Error(DA3_E_NOMEM_HOST,
                what + " failed: not enough memory; make the picture smaller or free memory");
  }
}

}  // namespace da3::io
