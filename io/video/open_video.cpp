// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/video.hpp>

#include "ffmpeg_log.hpp"
#include "rgb.hpp"

#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <new>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

double property(const cv::VideoCapture& capture, int id, double most) {
  const double value = capture.get(id);
  return std::isfinite(value) && value > 0 && value <= most ? value : 0;
}

class VideoFile : public FrameSource {
 public:
  VideoFile(const fs::path& file, const FrameSelection& selection)
      : what_("reading the video \"" + file.string() + "\" failed: "), selection_(selection) {
    if (!capture_.open(file.string(), cv::CAP_FFMPEG))
      throw Error(DA3_E_INVALID, what_ +
                                     "it is no video, is cut before what a decoder needs, or is of a kind "
                                     "that FFmpeg does not know; copy it again or convert it");
    facts_.name = file.string();
    facts_.frames = static_cast<int64_t>(property(capture_, cv::CAP_PROP_FRAME_COUNT, 1e12));
    facts_.frames_per_second = property(capture_, cv::CAP_PROP_FPS, 1e6);
    if (selection.fps > 0)
      interval_ = std::max<int64_t>(
          1, static_cast<int64_t>(std::min(facts_.frames_per_second / selection.fps, 1e15)));
    check_size(property(capture_, cv::CAP_PROP_FRAME_WIDTH, 1e9),
               property(capture_, cv::CAP_PROP_FRAME_HEIGHT, 1e9));
  }

  const SourceFacts& facts() const override { return facts_; }

  bool next(Frame& frame) override try {
    while (!at_end_ && grab()) {
      const double seconds = time();
      if (seconds >= selection_.end) at_end_ = true;
      if (at_end_ || seconds < selection_.start || counted_++ % interval_ != 0) continue;
      if (!capture_.retrieve(decoded_) || decoded_.empty() || decoded_.type() != CV_8UC3) {
        --counted_;  // the one after it is delivered in its place
        continue;
      }
      to_rgb(decoded_, frame.image);
      frame.number = grabbed_ - 1;
      frame.seconds = seconds;
      return true;
    }
    return false;
  } catch (const std::bad_alloc&) {
    throw Error(DA3_E_NOMEM_HOST, what_ + "not enough memory; make the video smaller or free memory");
  } catch (const cv::Exception& failed) {
    throw Error(DA3_E_INVALID, what_ + "OpenCV gives up (" + failed.err + "); convert the video");
  }

  std::string shortfall() const override {
    if (!short_of_) return {};
    return "the video \"" + facts_.name + "\" ends after " + std::to_string(grabbed_) + " of " +
           std::to_string(facts_.frames) +
           " frames: it is cut or damaged there; the frames before are used; copy it again";
  }

 private:
  bool grab() {
    if (capture_.grab()) return ++grabbed_, true;
    at_end_ = true;
    // What files announce is often an estimate: by the length of the sound, or of a rate that varies.
    const double tolerated =
        std::max({2.0, facts_.frames_per_second, 0.02 * static_cast<double>(facts_.frames)});
    short_of_ = static_cast<double>(facts_.frames - grabbed_) > tolerated;
    return false;
  }

  /// Of the frame that was grabbed last. Where the file has no times, by its rate.
  double time() {
    const double seconds = capture_.get(cv::CAP_PROP_POS_MSEC) / 1000;
    const bool known = std::isfinite(seconds) && seconds >= last_ && seconds < 1e9;
    if (known && (seconds > last_ || grabbed_ == 1)) return last_ = seconds;
    const double rate = facts_.frames_per_second;
    return last_ = std::max(last_, rate > 0 ? static_cast<double>(grabbed_ - 1) / rate : 0);
  }

  void check_size(double width, double height) const {
    if (width * height > static_cast<double>(max_image_pixels))
      throw Error(DA3_E_SHAPE, what_ + "its pictures have more than " + std::to_string(max_image_pixels) +
                                   " pixels; make them smaller");
  }

  std::string what_;
  FrameSelection selection_;
  SourceFacts facts_;
  cv::VideoCapture capture_;
  cv::Mat decoded_;
  int64_t interval_ = 1, grabbed_ = 0, counted_ = 0;
  double last_ = 0;
  bool at_end_ = false, short_of_ = false;
};

void check(const fs::path& file, const FrameSelection& selection) {
  const std::string what = "reading the video \"" + file.string() + "\" failed: ";
  if (!(selection.fps >= 0) || !(selection.start >= 0) || !(selection.end > selection.start))
    throw Error(DA3_E_BAD_VALUE, what +
                                     "no frame can be chosen: fps and start must not be negative and the "
                                     "end must be after the start; change them");
  errno = 0;
  std::error_code failed;
  if (!fs::is_regular_file(file, failed) || !std::ifstream(file, std::ios::binary)) {
    const int why = failed ? failed.value() : errno != 0 ? errno : EINVAL;
    throw Error(DA3_E_NOT_FOUND,
                what + (failed || why != EINVAL ? std::generic_category().message(why) : "it is no file") +
                    "; check the path and its permissions",
                2, -1, why);
  }
}

}  // namespace

std::unique_ptr<FrameSource> open_video(const fs::path& file, const FrameSelection& selection) {
  check(file, selection);
  silence_ffmpeg();
  return std::make_unique<VideoFile>(file, selection);
}

}  // namespace da3::io
