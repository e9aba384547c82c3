// SPDX-License-Identifier: Apache-2.0
#include "quiet.hpp"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <streambuf>

namespace da3::io {
namespace {

thread_local int quiet_depth = 0;

class FilteredStream : public std::streambuf {
 public:
  explicit FilteredStream(std::streambuf* target) : target_(target) {}

 protected:
  int_type overflow(int_type c) override {
    if (quiet_depth > 0 || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return target_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    return quiet_depth > 0 ? size : target_->sputn(text, size);
  }
  int sync() override { return target_->pubsync(); }

 private:
  std::streambuf* target_;
};

int write_filtered(const char* text, size_t size) {
  if (quiet_depth == 0) {
    for (size_t done = 0; done < size;) {
      const ssize_t written = ::write(STDERR_FILENO, text + done, size - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return -1;
      done += static_cast<size_t>(written);
    }
  }
  return static_cast<int>(size);
}

/// A C stream that forwards to descriptor 2. Null where the system cannot make one: then nothing is filtered.
FILE* make_filtered_stderr() {
#if defined(__GLIBC__)
  cookie_io_functions_t functions{};
  functions.write = [](void*, const char* text, size_t size) -> ssize_t {
    return std::max(write_filtered(text, size), 0);  // glibc wants 0 for an error, not -1
  };
  FILE* stream = fopencookie(nullptr, "w", functions);
#elif defined(__APPLE__)
  FILE* stream = funopen(
      nullptr, nullptr, [](void*, const char* text, int size) { return write_filtered(text, size); }, nullptr,
      nullptr);
#else
  FILE* stream = nullptr;
#endif
  // Unbuffered: one write for each print, on the thread that prints.
  if (stream != nullptr) std::setvbuf(stream, nullptr, _IONBF, 0);
  return stream;
}

}  // namespace

void set_up_codecs() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    cv::setNumThreads(1);  // `workers` is the only parallelism: what a user allows is what is used
    // Both live as long as the process: this library is never unloaded.
    std::cerr.rdbuf(new FilteredStream(std::cerr.rdbuf()));
#if defined(__GLIBC__) || defined(__APPLE__)
    if (FILE* stream = make_filtered_stderr()) stderr = stream;
#endif
  });
}

Quiet::Quiet() {
  set_up_codecs();
  ++quiet_depth;
}

Quiet::~Quiet() { --quiet_depth; }

}  // namespace da3::io
