// SPDX-License-Identifier: Apache-2.0
// A scene's images, from files to what the network reads.
#pragma once

#include <exception>

#include "scenes/scene_plan.hpp"

namespace da3::host {

struct LoadedScene {
  ScenePlan plan;
  io::Views views;
  double read_ms = 0;
  std::exception_ptr failure;  ///< a PhaseError (input): there are no views
};

/// Fills the views or the failure, with so many threads. A file whose pixels cannot be decoded leaves the
/// scene where it can do without: then the plan is another one.
void load_scene(const SceneContext& context, LoadedScene& scene, int threads);

/// Bytes that load_scene needs while it works; most of them are an image before it is made smaller.
uint64_t bytes_to_load(const ScenePlan& plan);

}  // namespace da3::host
