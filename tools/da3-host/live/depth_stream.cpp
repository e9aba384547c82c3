// SPDX-License-Identifier: Apache-2.0
#include "live/depth_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <da3/error.hpp>
#include <string>

#include "signals.hpp"

namespace da3::host {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr int poll_milliseconds = 100;

}  // namespace

DepthStream::DepthStream(const std::filesystem::path& path) : path_(path) {
  if (path == "-") {
    descriptor_ = STDOUT_FILENO;
    return;
  }
  own_ = true;
  // Opening a named pipe for writing would wait for a reader, whatever signal comes.
  for (;;) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) return;
    if (errno != ENXIO && errno != EINTR) fail(errno);
    if (signals::caught() != 0) fail(ECANCELED);
    ::poll(nullptr, 0, poll_milliseconds);
  }
}

DepthStream::~DepthStream() {
  if (own_ && descriptor_ >= 0) ::close(descriptor_);
}

void DepthStream::fail(int why) const {
  const std::string what =
      path_ == "-" ? "writing depth to stdout" : "writing depth to \"" + path_.string() + "\"";
  if (why == ECANCELED) throw Error(DA3_E_CANCELLED, what + " failed: it was cancelled; start it again");
  throw Error(DA3_E_NOT_FOUND,
              what + " failed: " + (why == EPIPE ? "the reader is gone" : std::strerror(why)) +
                  "; check the path and who reads it",
              0, -1, why);
}

void DepthStream::write(DepthHead head, std::span<const float> depth) {
  head.data_bytes = depth.size_bytes();
  write_all(&head, sizeof head);
  write_all(depth.data(), depth.size_bytes());
}

void DepthStream::write_all(const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    pollfd waiting{descriptor_, POLLOUT, 0};
    if (::poll(&waiting, 1, poll_milliseconds) == 0) {
      // The first signal lets the frame be written, the second does not.
      if (signals::cancel_now()) fail(ECANCELED);
      continue;
    }
    // So much a pipe that is ready takes without waiting, also where it is not ours to change.
    const ssize_t count = ::write(descriptor_, at, std::min<size_t>(bytes, PIPE_BUF));
    if (count < 0 && errno != EINTR && errno != EAGAIN) fail(errno);
    at += std::max<ssize_t>(count, 0);
    bytes -= static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
}

}  // namespace da3::host
