// SPDX-License-Identifier: Apache-2.0
// What is known of a scene before a pixel is decoded: its size, its cameras, and how many like it fit into
// memory at once.
#pragma once

#include <memory>
#include <vector>

#include "report.hpp"
#include "scenes/scene_context.hpp"

namespace da3::host {

struct ScenePlan {
  std::shared_ptr<const Scene> scene;  ///< without the files that were skipped
  std::vector<SkippedImage> skipped;   ///< cannot be read, where others of the scene can
  size_t item = 0;                     ///< 1 for the first scene of the run, as progress counts
  io::ViewsPlan size;
  SceneCameras cameras;
  bool planned_anew = false;  ///< without what could not be decoded: it may be of another size than its batch
};

/// An image among several that cannot be read is skipped, unless known cameras belong to images by order or
/// the memory is short. Throws PhaseError (Phase::input) for files that cannot be read and cameras that do
/// not fit them.
ScenePlan plan_scene(const SceneContext& context, const Scene& scene, size_t item);

/// Plans the scene once more without the file that an error of load_views is of; the item stays untouched,
/// for others may read it. False: the error is of no file, or the scene cannot do without it, as plan_scene
/// says. Throws what plan_scene throws.
bool plan_without(const SceneContext& context, ScenePlan& plan, const Error& error);

/// Both can run in one batch.
bool same_size(const ScenePlan& a, const ScenePlan& b);

/// How many scenes of this size run together: as many as `most` allows and the backend's memory limit, by its
/// own estimate. Throws PhaseError (Phase::run, DA3_E_NOMEM_HOST) with estimate, limit and what to lower when
/// not even one fits. A backend that cannot estimate gets `most`.
size_t scenes_that_fit(const SceneContext& context, const ScenePlan& plan, size_t most);

/// The run request for scenes of this size, without data.
RunRequest request_for(const SceneContext& context, const ScenePlan& plan, size_t scenes);

}  // namespace da3::host
