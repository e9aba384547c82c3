// SPDX-License-Identifier: Apache-2.0
// Kitty's graphics protocol (its documentation, "Terminal graphics protocol") and sixels. Nothing here makes
// the terminal answer: an answer that nobody reads would end up in the user's shell.
#include "preview/preview.hpp"
#include "quiet.hpp"

#include <da3/error.hpp>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#ifdef DA3_SIXEL
#include <sixel.h>

#include <memory>
#endif

#include <algorithm>
#include <string_view>
#include <vector>

namespace da3::io {
namespace {

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k) three = three << 8 | (i + k < bytes.size() ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k)
      text.push_back(i + k <= bytes.size() ? digits[three >> (18 - 6 * k) & 63] : '=');
  }
  return text;
}

}  // namespace

std::string as_kitty(const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> png;
  {
    const Quiet quiet;
    if (!cv::imencode(".png", bgr, png) || png.empty())
      throw Error(DA3_E_INTERNAL, "encoding a PNG failed: OpenCV does not say why; please report this");
  }
  const std::string data = base64(png);
  constexpr size_t most = 4096;  // of the protocol
  std::string text;
  for (size_t at = 0; at < data.size(); at += most) {
    const bool more = at + most < data.size();
    // a=T: show it at once; f=100: a PNG; q=2: no answer.
    text += "\033_G";
    if (at == 0) text += "a=T,f=100,q=2,";
    text += std::string(more ? "m=1;" : "m=0;") + data.substr(at, most) + "\033\\";
  }
  return text + "\n";
}

#ifdef DA3_SIXEL

bool has_sixel() { return true; }

namespace {

void check(SIXELSTATUS status) {
  if (SIXEL_FAILED(status))
    throw Error(DA3_E_INTERNAL, std::string("encoding sixels failed: ") + sixel_helper_format_error(status) +
                                    "; use --preview blocks");
}

int append(char* data, int size, void* text) {
  static_cast<std::string*>(text)->append(data, static_cast<size_t>(size));
  return size;
}

}  // namespace

std::string as_sixel(const cv::Mat& rgb) {
  const cv::Mat pixels = rgb.clone();  // without gaps between the rows
  std::string text;
  sixel_output_t* output = nullptr;
  sixel_dither_t* dither = nullptr;
  check(sixel_output_new(&output, append, &text, nullptr));
  const std::unique_ptr<sixel_output_t, void (*)(sixel_output_t*)> keep_output(output, sixel_output_unref);
  check(sixel_dither_new(&dither, 256, nullptr));
  const std::unique_ptr<sixel_dither_t, void (*)(sixel_dither_t*)> keep_dither(dither, sixel_dither_unref);
  auto* data = const_cast<unsigned char*>(pixels.ptr());
  check(sixel_dither_initialize(dither, data, pixels.cols, pixels.rows, SIXEL_PIXELFORMAT_RGB888,
                                SIXEL_LARGE_AUTO, SIXEL_REP_AUTO, SIXEL_QUALITY_AUTO));
  check(sixel_encode(data, pixels.cols, pixels.rows, 3, dither, output));
  return text + "\n";
}

#else

bool has_sixel() { return false; }

std::string as_sixel(const cv::Mat&) {
  throw Error(DA3_E_UNSUPPORTED,
              "showing a picture as sixels failed: this build has no libsixel; use --preview blocks or "
              "kitty, or build "
              "with libsixel");
}

#endif

}  // namespace da3::io
