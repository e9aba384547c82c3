// SPDX-License-Identifier: Apache-2.0
#include "run_outcome.hpp"

#include <da3/log.hpp>

#include "exit_code.hpp"
#include "signals.hpp"

namespace da3::host {

bool no_scale_is_known(const std::vector<SceneReport>& scenes) {
  size_t aligned = 0, unknown = 0;
  for (const SceneReport& scene : scenes) {
    if (!scene.alignment) continue;
    ++aligned;
    unknown += !scene.alignment->scale_known;
  }
  if (unknown == 0) return false;
  log(LogLevel::warn,
      "the scale cannot be told from poses in one place (" + std::to_string(unknown) + " of " +
          std::to_string(aligned) + (aligned == 1 ? " scene" : " scenes") +
          "): depth is left in the network's unit there; give two views or more of each scene "
          "from different places");
  return unknown == aligned;
}

void add_scenes(RunOutcome& outcome, const std::vector<SceneReport>& scenes) {
  for (const SceneReport& scene : scenes) {
    outcome.any_done |= scene.failure.empty();
    outcome.images_lack |= !scene.skipped.empty();
  }
}

int exit_status_of(const RunOutcome& outcome) {
  if (signals::caught() != 0) return exit_signal + signals::caught();
  if (outcome.first_failure != 0)
    return outcome.any_done && !outcome.fatal ? static_cast<int>(exit_some_failed) : outcome.first_failure;
  return outcome.images_lack ? exit_some_failed : exit_ok;
}

}  // namespace da3::host
