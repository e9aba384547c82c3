// SPDX-License-Identifier: Apache-2.0
// The command line of da3-bench.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "settings.hpp"
#include "sweep.hpp"

namespace da3::bench {

enum class Command { latency, throughput, scaling, validate, worker, roofline, compare };
enum class Format { markdown, csv, json };

/// How long a case is measured.
struct Effort {
  int warmup = 2;  ///< runs after the first one that are not counted
  int iterations = 15;
  std::optional<double> seconds;  ///< instead of iterations
};

struct ValidateOptions {
  std::vector<std::string> devices{"cpu", "mps", "cuda"};
  int images = 5, warmup = 2, runs = 5;
};

struct Arguments {
  Command command = Command::latency;
  std::string text;  ///< --help or --version: print this and stop. Else empty
  host::Arguments common;
  Sweep sweep;
  Effort effort;
  ValidateOptions validate;
  Format format = Format::markdown;
  std::filesystem::path output, plot;          ///< empty: none
  std::vector<std::filesystem::path> compare;  ///< two documents
  bool count_allocations = false;
  bool one_case_for_parent = false;  ///< a child: its case goes to the answer descriptor
};

/// words: without the program's name. Throws Error(DA3_E_INVALID).
Arguments parse_arguments(std::vector<std::string> words);

}  // namespace da3::bench
