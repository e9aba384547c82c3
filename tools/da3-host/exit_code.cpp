// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"

namespace da3::host {

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::command_line:
      return "command line";
    case Phase::profile:
      return "profile";
    case Phase::backend:
      return "backend";
    case Phase::model:
      return "model";
    case Phase::input:
      return "input";
    case Phase::run:
      return "run";
    case Phase::output:
      return "output";
  }
  return "run";
}

int exit_code(Phase phase, int32_t code) {
  for (const ExitRule& rule : exit_rules) {
    const bool fits_phase = rule.where == ExitRule::Where::anywhere || rule.phase == phase;
    if (fits_phase && (rule.code == any_code || rule.code == code)) return rule.exit;
  }
  return exit_run;
}

}  // namespace da3::host
