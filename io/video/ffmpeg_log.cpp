// SPDX-License-Identifier: Apache-2.0
#include "ffmpeg_log.hpp"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include <dlfcn.h>

#include <cstdarg>
#include <mutex>

namespace da3::io {

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
      set_callback([](void*, int, const char*, va_list) {});
  });
}

}  // namespace da3::io
