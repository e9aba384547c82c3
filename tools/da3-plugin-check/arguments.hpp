// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runner.hpp"

namespace da3::check {

struct Arguments {
  Context context;
  Plan plan;
  bool json = false, strict = false, verbose = false, list = false;
  std::string text;  ///< print this and leave
};

/// Throws da3::Error with a sentence when the command line is not understood.
Arguments parse_arguments(int argc, char** argv);

}  // namespace da3::check
