// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/video.hpp>

#include "ffmpeg_log.hpp"
#include "files.hpp"
#include "mp4_boxes.hpp"

#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <cerrno>
#include <cmath>
#include <fstream>
#include <optional>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

struct Encoder {
  std::array<char, 4> code;
  const char* name;
};

/// The best first. Whether FFmpeg was built with H.264 depends on who built it; MPEG-4 is its own.
constexpr std::array<Encoder, 2> encoders{
    {{{'a', 'v', 'c', '1'}, "H.264"}, {{'m', 'p', '4', 'v'}, "MPEG-4 part 2"}}};

class Mp4File : public VideoWriter {
 public:
  Mp4File(const fs::path& file, const VideoFormat& format)
      : what_("writing the video \"" + file.string() + "\""), format_(format) {
    check();
    file_.emplace(file, ".tmp.mp4");  // FFmpeg goes by the extension
    file_->close();
    open();
  }

  ~Mp4File() override { writer_.release(); }

  void write(std::span<const uint8_t> rgb) override try {
    if (rgb.size() != static_cast<size_t>(format_.height * format_.width * 3))
      throw Error(DA3_E_SHAPE, what_ + " failed: a picture of " + std::to_string(rgb.size()) +
                                   " bytes is not of its size; please report this");
    const cv::Mat picture(static_cast<int>(format_.height), static_cast<int>(format_.width), CV_8UC3,
                          const_cast<uint8_t*>(rgb.data()));
    cv::cvtColor(picture, bgr_, cv::COLOR_RGB2BGR);
    // yuv420p has one colour for 2 x 2 pixels: OpenCV would cut the last row or column off.
    if (bgr_.rows % 2 != 0 || bgr_.cols % 2 != 0)
      cv::copyMakeBorder(bgr_, bgr_, 0, bgr_.rows % 2, 0, bgr_.cols % 2, cv::BORDER_REPLICATE);
    writer_.write(bgr_);
    ++frames_;
  } catch (const std::bad_alloc&) {
    throw Error(DA3_E_NOMEM_HOST, what_ + " failed: not enough memory; make the pictures smaller");
  } catch (const cv::Exception& failed) {
    throw Error(DA3_E_INTERNAL,
                what_ + " failed: OpenCV gives up (" + failed.err + "); write pictures instead");
  }

  void commit() override {
    writer_.release();
    if (frames_ == 0 || !is_whole_mp4(file_->temporary())) tell_why();
    file_->commit();
  }

  std::string_view encoder() const override { return encoder_; }

 private:
  void check() const {
    const int64_t width = format_.width + 1, height = format_.height + 1;
    if (width < 2 || height < 2 || width > 16384 || height > 16384)
      throw Error(DA3_E_SHAPE, what_ + " failed: pictures of " + std::to_string(format_.width) + "x" +
                                   std::to_string(format_.height) +
                                   " pixels are not for videos; 16383 a side is the most: make them smaller");
    if (!std::isfinite(format_.frames_per_second) || format_.frames_per_second <= 0)
      throw Error(DA3_E_BAD_VALUE, what_ + " failed: pictures a second must be above 0; change them");
  }

  void open() {
    const cv::Size size(static_cast<int>(format_.width + format_.width % 2),
                        static_cast<int>(format_.height + format_.height % 2));
    for (const Encoder& encoder : encoders) {
      const auto& c = encoder.code;
      if (!writer_.open(file_->temporary().string(), cv::CAP_FFMPEG,
                        cv::VideoWriter::fourcc(c[0], c[1], c[2], c[3]), format_.frames_per_second, size))
        continue;
      encoder_ = encoder.name;
      return;
    }
    ask_the_disk();
    throw Error(DA3_E_UNSUPPORTED, what_ +
                                       " failed: OpenCV's FFmpeg has no encoder for H.264 or MPEG-4, or none "
                                       "for this size; install one that has, or write pictures instead");
  }

  [[noreturn]] void tell_why() const {
    ask_the_disk();
    throw Error(DA3_E_INTERNAL,
                what_ +
                    " failed: what FFmpeg wrote is not whole, and it does not say why; try again, or write "
                    "pictures instead");
  }

  /// FFmpeg keeps errors of its writes to itself: another write is likely to meet the same one.
  void ask_the_disk() const {
    errno = 0;
    std::ofstream out(file_->temporary(), std::ios::binary | std::ios::app);
    const std::string zeros(1 << 20, '\0');
    if (!out.write(zeros.data(), static_cast<std::streamsize>(zeros.size())).flush() && errno != 0)
      throw_file_error(what_, errno);
  }

  std::string what_, encoder_;
  VideoFormat format_;
  std::optional<AtomicFile> file_;
  cv::VideoWriter writer_;
  cv::Mat bgr_;
  int64_t frames_ = 0;
};

}  // namespace

std::unique_ptr<VideoWriter> create_video(const fs::path& file, const VideoFormat& format) {
  silence_ffmpeg();
  return std::make_unique<Mp4File>(file, format);
}

}  // namespace da3::io
