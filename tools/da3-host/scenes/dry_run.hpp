// SPDX-License-Identifier: Apache-2.0
// What a run would do, without doing it.
#pragma once

#include <string>
#include <vector>

#include "scenes/pipeline_limits.hpp"
#include "scenes/scene_context.hpp"
#include "scenes/scene_feed.hpp"

namespace da3::host {

/// One line for each scene (views, size, memory that the backend estimates; or that an earlier run did it),
/// then files, and a time: views times what one grey view of the first scene's size took here, which many
/// views together exceed. Throws what a run would throw before it decodes: a scene that does not fit, a file
/// that cannot be read where it is the only scene.
std::string dry_run(const SceneContext& context, const std::vector<Scene>& scenes,
                    const PipelineLimits& limits, const DoneBefore& done_before);

}  // namespace da3::host
