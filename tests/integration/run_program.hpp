// SPDX-License-Identifier: Apache-2.0
// Runs a program as a user does, without a shell, and keeps what it says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace da3::test {

struct ProgramResult {
  int exit_code = -1;  ///< -1: killed by a signal
  int signal = 0;
  std::string out, err;
  uint64_t peak_memory = 0;  ///< bytes that were resident at once
};

struct ProgramOptions {
  /// "NAME=value"; added to this process's environment, of which DA3_*, FAULTY_*, HF_* and NO_COLOR are left
  /// out.
  std::vector<std::string> environment = {};
  std::filesystem::path folder = {};  ///< current folder; empty: this process's
  /// Each time the text appears on stderr (after the one before it), the signal is sent.
  std::vector<std::pair<std::string, int>> signals = {};
  std::filesystem::path stdout_file = {};  ///< instead of capturing
};

/// Waits for the end. Throws std::runtime_error when the program cannot be started.
ProgramResult run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                          const ProgramOptions& options = {});

}  // namespace da3::test
