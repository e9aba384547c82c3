// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>

ProgressDisplay::ProgressDisplay() : terminal_(::isatty(2) == 1), last_(std::chrono::steady_clock::now()) {}

ProgressDisplay::~ProgressDisplay() {
  if (bar_open_) std::fputc('\n', stderr);
}

void ProgressDisplay::show(uint64_t done, uint64_t total) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < (terminal_ ? 100ms : 3000ms) && !(terminal_ && done == total)) return;
  last_ = now;
  const double part = total == 0 ? 1.0 : double(done) / double(total);
  if (!terminal_) {
    std::fprintf(stderr, "%3.0f %% (%.0f of %.0f MB)\n", part * 100, double(done) / 1e6, double(total) / 1e6);
    return;
  }
  constexpr int width = 40;
  const int full = int(part * width);
  std::fprintf(stderr, "\r[%s%s] %3.0f %%", std::string(size_t(full), '#').c_str(),
               std::string(size_t(width - full), ' ').c_str(), part * 100);
  bar_open_ = true;
}
