// SPDX-License-Identifier: Apache-2.0
// Runs a program that may crash, hang, print or leave, and lives on. Spawned, never only forked: a fork of a
// process with threads or a GPU is not to be trusted.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::hardware {

/// The descriptor on which a child answers; its stdout and stderr belong to whatever it loads.
constexpr int answer_descriptor = 3;

struct ChildEnd {
  std::string answer;   ///< what came through answer_descriptor
  std::string output;   ///< the end of its stdout and stderr, for messages
  std::string failure;  ///< why it could not be started; empty: it was
  bool timed_out = false;
  bool stuck = false;  ///< killed, but the kernel does not let it die
  int status = 0;      ///< exit status
  int signal = 0;      ///< that ended it, when nobody here sent it

  /// "did not answer within 5 s", "crashed (SIGSEGV)", "left with exit status 3", or "" after a good end.
  std::string trouble(std::chrono::milliseconds limit) const;
};

/// Starts program with arguments in a process group of its own, waits for its end, at most time_limit and a
/// second for it to die; at least a part of what it said comes back in any case. A program that runs with
/// more rights than its caller gives the child no environment. Never throws but std::bad_alloc. [any]
ChildEnd run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   std::chrono::milliseconds time_limit);

/// In the child: die with the parent (Linux), and by itself some seconds after time_limit.
void limit_own_life(std::chrono::milliseconds time_limit);

/// Whether this program runs with more rights than its caller (setuid, capabilities): then its environment is
/// not to be trusted.
bool runs_privileged();

}  // namespace da3::hardware
