// SPDX-License-Identifier: Apache-2.0
// One part of many of a run's scenes.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "scenes/scene_list.hpp"

namespace da3::host {

/// Every count-th scene: neighbours, which are often alike, go to different shards. Warns where none is left.
std::vector<Scene> scenes_of(const Shard& shard, std::vector<Scene> scenes);

/// Shards share an output folder: "run.json", "run.shard-2-of-8.json"
std::string shard_name(const Shard& shard, const std::string& stem, const std::string& extension);

}  // namespace da3::host
