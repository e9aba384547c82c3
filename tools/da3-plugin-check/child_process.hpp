// SPDX-License-Identifier: Apache-2.0
// Starting, reading and ending one child process; nothing about checks.
#pragma once

#include <string>
#include <vector>

namespace da3::check {

struct ChildEnd {
  std::string result;                                      ///< what came through the pipe, a line
  std::string failure;                                     ///< what it had found when it crashed, or ""
  std::string last_call;                                   ///< what the child did last
  std::string out, err;                                    ///< the beginnings of its stdout and stderr
  bool timed_out = false, stopped = false, stuck = false;  ///< stuck: it does not even die
  int signal = 0, status = 0;
  double seconds = 0;
};

constexpr int result_fd = 3, trace_fd = 4;  ///< in the child

/// Runs this very program with words; throws std::runtime_error when it cannot be started.
ChildEnd run_process(const std::vector<std::string>& words, double seconds);

std::string signal_name(int signal);

}  // namespace da3::check
