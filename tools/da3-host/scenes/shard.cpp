// SPDX-License-Identifier: Apache-2.0
#include "scenes/shard.hpp"

#include <da3/log.hpp>

namespace da3::host {

std::vector<Scene> scenes_of(const Shard& shard, std::vector<Scene> scenes) {
  if (shard.count == 1) return scenes;
  std::vector<Scene> mine;
  for (size_t i = shard.index - 1; i < scenes.size(); i += shard.count) mine.push_back(std::move(scenes[i]));
  if (mine.empty())
    log(LogLevel::warn, "nothing is to do for shard " + std::to_string(shard.index) + ": there are only " +
                            std::to_string(scenes.size()) + " scenes");
  return mine;
}

std::string shard_name(const Shard& shard, const std::string& stem, const std::string& extension) {
  if (shard.count == 1) return stem + extension;
  return stem + ".shard-" + std::to_string(shard.index) + "-of-" + std::to_string(shard.count) + extension;
}

}  // namespace da3::host
