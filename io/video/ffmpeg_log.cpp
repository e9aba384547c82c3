// SPDX-License-Identifier: Apache-2.0
#include "ffmpeg_log.hpp"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include <dlfcn.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace da3::io {
namespace {

/// Of FfmpegComplaint, while there is one in this thread.
thread_local std::string* complaint = nullptr;

/// FFmpeg calls it from any thread.
void hear(void*, int level, const char* format, va_list arguments) {
  constexpr int warning = 24;  // AV_LOG_WARNING; what is worse has smaller numbers
  if (complaint == nullptr || level > warning || !complaint->empty()) return;
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  *complaint = text.data();
  if (const size_t end = complaint->find_last_not_of("\r\n .;"); end != std::string::npos)
    complaint->resize(end + 1);
}

}  // namespace

void silence_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    // FFmpeg itself is not linked: it is there because OpenCV's part is.
    Dl_info self{};
    if (::dladdr(reinterpret_cast<void*>(&silence_ffmpeg), &self) == 0) return;
    void* library = ::dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) library = ::dlopen(nullptr, RTLD_NOW);
    if (library == nullptr) return;
    // Not the level: OpenCV sets that each time it opens something.
    using Callback = void (*)(void*, int, const char*, va_list);
    if (auto* set_callback = reinterpret_cast<void (*)(Callback)>(::dlsym(library, "av_log_set_callback")))
      set_callback(hear);
  });
}

FfmpegComplaint::FfmpegComplaint() { complaint = &text_; }
FfmpegComplaint::~FfmpegComplaint() { complaint = nullptr; }

}  // namespace da3::io
