// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

/// Shows on stderr how far the file is: a bar on a terminal, else a line every few seconds.
class ProgressDisplay {
 public:
  ProgressDisplay();
  ~ProgressDisplay();
  void show(uint64_t done, uint64_t total);

 private:
  bool terminal_;
  bool bar_open_ = false;
  std::chrono::steady_clock::time_point last_;
};
