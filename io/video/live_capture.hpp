// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <da3/io/video.hpp>

#include <opencv2/videoio.hpp>

#include <string>

namespace da3::io {

/// An address without its password, for people.
std::string address_without_password(const std::string& address);

/// A camera or stream in the thread that waits for it. Every function may block as long as a driver or a host
/// does; throws Error as open_live documents.
class LiveCapture {
 public:
  explicit LiveCapture(const LiveVideo& video);

  /// The next picture that can be decoded; false: the stream has ended. Counts all.
  bool read(Frame& frame);

  /// Why there should have been more, after the end; or "".
  std::string shortfall() const;

 private:
  void open();
  [[noreturn]] void fail_to_open(double waited_ms, std::string complaint) const;
  bool grab();

  const LiveVideo& video_;
  std::string name_, reading_;
  cv::VideoCapture capture_;
  cv::Mat decoded_;
  int64_t grabbed_ = 0;
  bool has_length_ = false;  ///< a file that is served, not a camera: its end is no surprise
};

}  // namespace da3::io
