// SPDX-License-Identifier: Apache-2.0
#include "live_capture.hpp"

#include "camera_device.hpp"
#include "ffmpeg_log.hpp"
#include "rgb.hpp"

#include <da3/error.hpp>

#include <opencv2/videoio/registry.hpp>

#include <chrono>
#include <cmath>
#include <new>

namespace da3::io {
namespace {

/// Milliseconds since it was made.
class Clock {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// FFmpeg looks at the time now and then.
bool is_over(double waited_ms, int limit_ms) { return waited_ms >= 0.9 * limit_ms; }

std::string seconds(int ms) {
  const int whole = std::max(1, (ms + 500) / 1000);
  return std::to_string(whole) + (whole == 1 ? " second" : " seconds");
}

std::string frames(int64_t count) {
  return count == 1 ? std::string("1 frame") : std::to_string(count) + " frames";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

std::string address_without_password(const std::string& whole) {
  const size_t scheme = whole.find("://");
  if (scheme == std::string::npos) return whole;
  // Cameras take passwords and tokens as parameters too, under any name.
  const size_t query = whole.find('?', scheme);
  const std::string address = query == std::string::npos ? whole : whole.substr(0, query) + "?***";
  const size_t begin = scheme + 3, end = std::min(address.find_first_of("/?#", begin), address.size());
  const size_t at = address.rfind('@', end), colon = address.find(':', begin);
  if (at == std::string::npos || at < begin || colon >= at) return address;
  return address.substr(0, colon + 1) + "***" + address.substr(at);
}

LiveCapture::LiveCapture(const LiveVideo& video)
    : video_(video), name_(address_without_password(video.address)) {
  reading_ = std::string("reading the ") + (video.kind == LiveVideo::Kind::camera ? "camera" : "stream") +
             " \"" + name_ + "\" failed: ";
  open();
}

void LiveCapture::open() {
  const bool camera = video_.kind == LiveVideo::Kind::camera;
  const std::string what =
      std::string("opening the ") + (camera ? "camera" : "stream") + " \"" + name_ + "\" failed: ";
  const int backend = camera ? cv::CAP_V4L2 : cv::CAP_FFMPEG;
  if (camera) check_camera_device(video_.address, what);
  if (!cv::videoio_registry::hasBackend(static_cast<cv::VideoCaptureAPIs>(backend)))
    throw Error(DA3_E_UNSUPPORTED,
                what + "the OpenCV that da3 was built with has no " + (camera ? "V4L2" : "FFmpeg") +
                    "; install one that has it, or let another program send the frames to --source -");
  const FfmpegComplaint complaint;
  const Clock clock;
  const bool opened = camera ? capture_.open(video_.address, backend)
                             : capture_.open(video_.address, backend,
                                             {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, video_.open_ms,
                                              cv::CAP_PROP_READ_TIMEOUT_MSEC, video_.read_ms});
  if (!opened) fail_to_open(clock.ms(), complaint.text());
  const double length = capture_.get(cv::CAP_PROP_FRAME_COUNT);
  has_length_ = std::isfinite(length) && length > 0;
}

void LiveCapture::fail_to_open(double waited_ms, std::string complaint) const {
  if (video_.kind == LiveVideo::Kind::camera)
    throw Error(DA3_E_NOT_FOUND, "opening the camera \"" + name_ +
                                     "\" failed: it refuses every picture format that OpenCV knows, or "
                                     "another program uses it; end that program");
  const std::string what = "opening the stream \"" + name_ + "\" failed: ";
  if (is_over(waited_ms, video_.open_ms))
    throw Error(DA3_E_NOT_FOUND, what + "no pictures came within " + seconds(video_.open_ms) +
                                     "; check the address, and that the camera is on");
  if (complaint.empty())
    throw Error(DA3_E_UNSUPPORTED,
                what + "what comes is no video that FFmpeg knows; check the address in a video player");
  replace_all(complaint, video_.address, name_);
  replace_all(complaint, "?timeout=0", "");  // FFmpeg's own addition to the address
  throw Error(DA3_E_NOT_FOUND, what + complaint + "; check the address, and that the camera is on");
}

bool LiveCapture::grab() {
  const Clock clock;
  if (capture_.grab()) return ++grabbed_, true;
  const std::string so_far = " (" + frames(grabbed_) + " came before)";
  if (video_.kind == LiveVideo::Kind::camera)
    throw Error(DA3_E_NOT_FOUND,
                reading_ + "it gives no more pictures" + so_far + "; check that it is plugged in");
  if (is_over(clock.ms(), video_.read_ms))
    throw Error(DA3_E_NOT_FOUND, reading_ + "no picture came for " + seconds(video_.read_ms) + so_far +
                                     "; check the camera and the network");
  if (grabbed_ == 0)
    throw Error(DA3_E_NOT_FOUND, reading_ + "it ends before its first picture; check the address");
  return false;
}

bool LiveCapture::read(Frame& frame) try {
  for (;;) {
    if (!grab()) return false;
    // What is damaged on its way is left out: the next one is worth more than an error.
    if (!capture_.retrieve(decoded_) || decoded_.empty()) continue;
    if (decoded_.type() != CV_8UC3)
      throw Error(DA3_E_UNSUPPORTED,
                  reading_ +
                      "its pictures are of a kind that OpenCV does not turn into colours; let another "
                      "program send them to --source -");
    if (decoded_.total() > static_cast<size_t>(max_image_pixels))
      throw Error(DA3_E_SHAPE, reading_ + "its pictures have more than " + std::to_string(max_image_pixels) +
                                   " pixels; make them smaller");
    to_rgb(decoded_, frame.image);
    frame.number = grabbed_ - 1;
    return true;
  }
} catch (const std::bad_alloc&) {
  throw Error(DA3_E_NOMEM_HOST, reading_ + "not enough memory; make the pictures smaller or free memory");
} catch (const cv::Exception& failed) {
  throw Error(DA3_E_UNSUPPORTED, reading_ + "OpenCV gives up (" + failed.err +
                                     "); let another program send its frames to --source -");
}

std::string LiveCapture::shortfall() const {
  if (has_length_) return {};
  return "the stream \"" + name_ + "\" has ended after " + frames(grabbed_) + ": its other end closed it";
}

}  // namespace da3::io
