// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/frame_stream.hpp>

#include "image_header.hpp"
#include "quiet.hpp"
#include "rgb.hpp"

#include <poll.h>
#include <unistd.h>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace da3::io {
namespace {

constexpr size_t most_jpeg_bytes = size_t{1} << 26;
constexpr int poll_milliseconds = 100;

/// Bytes as they come. What was looked at stays until take().
class Bytes {
 public:
  Bytes(int descriptor, std::function<bool()> should_stop)
      : descriptor_(descriptor), should_stop_(std::move(should_stop)) {}

  /// Waits until there are so many, or no more come: false.
  bool have(size_t count) {
    while (buffer_.size() - begin_ < count)
      if (!read_more()) return false;
    return true;
  }
  size_t left() const { return buffer_.size() - begin_; }
  bool stopped() const { return stopped_; }
  uint8_t operator[](size_t i) const { return buffer_[begin_ + i]; }
  const uint8_t* data() const { return buffer_.data() + begin_; }
  void take(size_t count) { begin_ += count; }

 private:
  /// What there is, but no more than a pipe holds: a buffer for a whole frame would be cleared for each part.
  bool read_more() {
    constexpr size_t most = 65536;
    if (begin_ > 0)
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(std::exchange(begin_, 0)));
    const size_t size = buffer_.size();
    for (;;) {
      if (should_stop_ && should_stop_()) return stopped_ = true, false;
      // A signal does not end a read of its own.
      pollfd waiting{descriptor_, POLLIN, 0};
      if (::poll(&waiting, 1, poll_milliseconds) <= 0) continue;
      buffer_.resize(size + most);
      const ssize_t count = ::read(descriptor_, buffer_.data() + size, buffer_.size() - size);
      const int why = errno;
      buffer_.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
      if (count > 0) return true;
      if (count == 0) return false;
      if (why != EINTR && why != EAGAIN)
        throw Error(DA3_E_NOT_FOUND,
                    std::string("reading frames failed: ") + std::strerror(why) +
                        "; check the program that sends them",
                    0, -1, why);
    }
  }

  int descriptor_;
  std::function<bool()> should_stop_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;
  bool stopped_ = false;
};

/// The size of the JPEG that begins here, found by its markers (ITU T.81, annex B); nothing: it is cut.
std::optional<size_t> jpeg_size(Bytes& bytes, const std::string& what) {
  const auto need = [&](size_t count) {
    if (count > most_jpeg_bytes)
      throw Error(DA3_E_INVALID, what + " failed: it is larger than 64 MiB; send smaller frames");
    return bytes.have(count);
  };
  size_t at = 2;
  for (;;) {
    if (!need(at + 2)) return std::nullopt;
    if (bytes[at] != 0xFF)
      throw Error(DA3_E_INVALID, what + " failed: its JPEG data is damaged; check the program that sends it");
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xFF) {  // filling
      ++at;
      continue;
    }
    at += 2;
    if (marker == 0xD9) return at;
    if (!need(at + 2)) return std::nullopt;
    at += static_cast<size_t>(bytes[at]) << 8 | bytes[at + 1];
    if (marker != 0xDA) continue;
    // Entropy-coded data: until a marker that is neither a stuffed zero nor a restart.
    for (;; ++at) {
      if (!need(at + 2)) return std::nullopt;
      if (bytes[at] == 0xFF && bytes[at + 1] != 0 && (bytes[at + 1] & 0xF8) != 0xD0) break;
    }
  }
}

class FrameStream : public FrameSource {
 public:
  FrameStream(int descriptor, const FrameStreamOptions& options)
      : options_(options), bytes_(descriptor, options.should_stop) {
    facts_.name = "stdin";
    facts_.live = true;
  }

  const SourceFacts& facts() const override { return facts_; }
  std::string shortfall() const override { return shortfall_; }

  bool next(Frame& frame) override {
    const std::string what = "reading frame " + std::to_string(number_) + " of " + facts_.name;
    const bool raw = options_.height > 0;
    const std::optional<size_t> size = raw ? raw_size() : whole_jpeg(what);
    if (!size) {
      if (!bytes_.stopped() && bytes_.left() > 0)
        shortfall_ = "the last frame of " + facts_.name + " is cut short and left out";
      return false;
    }
    // Its bytes are gone and its number used whatever becomes of it.
    frame.number = number_++;
    frame.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_).count();
    if (raw) {
      frame.image.height = options_.height, frame.image.width = options_.width;
      frame.image.rgb.assign(bytes_.data(), bytes_.data() + *size);
      bytes_.take(*size);
    } else {
      std::vector<uint8_t> jpeg(bytes_.data(), bytes_.data() + *size);
      bytes_.take(*size);
      decode(jpeg, what, frame.image);
    }
    return true;
  }

 private:
  std::optional<size_t> raw_size() {
    const auto size = static_cast<size_t>(options_.height * options_.width * 3);
    return bytes_.have(size) ? std::optional(size) : std::nullopt;
  }

  std::optional<size_t> whole_jpeg(const std::string& what) {
    if (lost_ && !find_start()) return std::nullopt;
    lost_ = false;
    if (!bytes_.have(2)) return std::nullopt;
    if (bytes_[0] != 0xFF || bytes_[1] != 0xD8)
      throw Error(
          DA3_E_UNSUPPORTED,
          what +
              " failed: the bytes are no JPEG; send JPEGs one after the other (ffmpeg -f mjpeg), or name "
              "the size of raw frames: rgb24:640x480");
    try {
      return jpeg_size(bytes_, what);
    } catch (const Error&) {
      lost_ = true;  // where this one ends is not known: look for the next one behind its beginning
      bytes_.take(2);
      ++number_;
      throw;
    }
  }

  bool find_start() {
    while (bytes_.have(3)) {
      if (bytes_[0] == 0xFF && bytes_[1] == 0xD8 && bytes_[2] == 0xFF) return true;
      bytes_.take(1);
    }
    return false;
  }

  static void decode(std::vector<uint8_t>& jpeg, const std::string& what, Image& image) try {
    inspect_image(jpeg, what);
    cv::Mat decoded;
    {
      const Quiet quiet;
      decoded = cv::imdecode(jpeg, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    }
    if (decoded.type() != CV_8UC3 || decoded.empty())
      throw Error(DA3_E_INVALID, what + " failed: its JPEG data is damaged; check the program that sends it");
    to_rgb(decoded, image);
  } catch (const cv::Exception&) {
    throw Error(DA3_E_INVALID, what + " failed: its JPEG data is damaged; check the program that sends it");
  } catch (const std::bad_alloc&) {
    throw Error(DA3_E_NOMEM_HOST, what + " failed: not enough memory; send smaller frames or free memory");
  }

  FrameStreamOptions options_;
  Bytes bytes_;
  SourceFacts facts_;
  std::string shortfall_;
  int64_t number_ = 0;
  bool lost_ = false;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace

std::unique_ptr<FrameSource> open_frame_stream(int descriptor, const FrameStreamOptions& options) {
  const auto [height, width] = std::pair(options.height, options.width);
  if ((height == 0) != (width == 0) || height < 0 || width < 0 ||
      (height > 0 && width > max_image_pixels / height))
    throw Error(DA3_E_SHAPE, "reading frames of " + std::to_string(width) + "x" + std::to_string(height) +
                                 " failed: no image has that size; give width and height in pixels");
  return std::make_unique<FrameStream>(descriptor, options);
}

}  // namespace da3::io
