// SPDX-License-Identifier: Apache-2.0
// What da3-host can do. Each returns the exit code or throws PhaseError; results go to stdout.
#pragma once

#include <functional>
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

/// Runs a program's body: installs the signals and tells an error in one line on stderr; the exit code.
/// errors: json or none, read when one comes.
int guarded_main(const std::function<int()>& body, const ProgressMode& errors = ProgressMode::none);

/// The whole program, without its name: parses, runs, and says what went wrong in one line on stderr.
int host_main(const std::vector<std::string>& words);

}  // namespace da3::host
