// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace da3::host {

/// Milliseconds since it was made, or since the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = Clock::now();
    const double milliseconds = std::chrono::duration<double, std::milli>(now - begin_).count();
    begin_ = now;
    return milliseconds;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace da3::host
