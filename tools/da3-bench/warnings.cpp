// SPDX-License-Identifier: Apache-2.0
#include "warnings.hpp"

#include <algorithm>
#include <cstdio>
#include <da3/log.hpp>
#include <utility>

namespace da3::bench {

KeptWarnings::KeptWarnings(bool quiet) {
  set_log_sink([this, quiet](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex_);
    const std::string text(line);
    if (!quiet) std::fprintf(stderr, "%s\n", text.c_str());
    if (level >= LogLevel::warn && std::find(lines_.begin(), lines_.end(), text) == lines_.end())
      lines_.push_back(text);
  });
}

KeptWarnings::~KeptWarnings() { set_log_sink({}); }

std::vector<std::string> KeptWarnings::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

}  // namespace da3::bench
