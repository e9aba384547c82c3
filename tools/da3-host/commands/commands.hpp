// SPDX-License-Identifier: Apache-2.0
// What da3-host can do. Each returns the exit code or throws PhaseError; results go to stdout.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"

namespace da3::host {

int run_command(const Arguments& arguments);
int devices_command(const Arguments& arguments);
int plan_command(const Arguments& arguments);
int models_command(const Arguments& arguments);
int verify_command(const Arguments& arguments);

/// Writes results to stdout. Throws PhaseError (output) when they do not get there: a full disk, a closed
/// pipe.
void print(const std::string& text);

/// The whole program, without its name: parses, runs, and says what went wrong in one line on stderr.
int host_main(const std::vector<std::string>& words);

}  // namespace da3::host
