// SPDX-License-Identifier: Apache-2.0
// From what a user names to the scenes of a run: patterns, lists, videos, COLMAP folders.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "inputs/video_frames.hpp"
#include "scenes/known_cameras.hpp"

namespace da3::host {

/// A folder that is removed with it.
class TemporaryFrames {
 public:
  TemporaryFrames();
  ~TemporaryFrames();
  TemporaryFrames(const TemporaryFrames&) = delete;
  TemporaryFrames& operator=(const TemporaryFrames&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct SceneSearch {
  const io::Api& io;
  const RunSettings& settings;
  Progress& progress;
  bool recursive = false;
  bool temporary = false;                ///< frames of videos go into a folder that is removed again
  bool reuse = false;                    ///< frames that are there already stay
  const KnownCameras* colmap = nullptr;  ///< the one input is a COLMAP folder; these are its cameras
};

struct FoundScenes {
  std::vector<Scene> scenes;
  TakenFrames frames;
  std::shared_ptr<const TemporaryFrames> temporary;  ///< must live as long as its files are read
};

/// Throws Error as expand_inputs, take_frames, colmap_images and list_scenes.
FoundScenes find_scenes(const SceneSearch& search);

}  // namespace da3::host
