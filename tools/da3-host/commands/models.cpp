// SPDX-License-Identifier: Apache-2.0
#include <da3/paths.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "models/models_report.hpp"

namespace da3::host {

int models_command(const Arguments& arguments) {
  // No Setup: neither a profile nor a plugin is asked for what lies in folders.
  const ModelsReport report = models_report(share_folder());
  print(arguments.json ? models_json(report) : models_text(report));
  return exit_ok;
}

}  // namespace da3::host
