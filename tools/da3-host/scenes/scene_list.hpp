// SPDX-License-Identifier: Apache-2.0
// Which images belong together, and where each scene's results go.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "settings.hpp"

namespace da3::host {

/// Views that are seen together.
struct Scene {
  std::string name;
  std::filesystem::path folder;  ///< of its results, below the output folder; empty: the output folder itself
  std::vector<std::filesystem::path> files;
  size_t first = 0;  ///< its first image among all of the run, in order
};

/// Inputs to files: io's list_inputs.
using ListInputs =
    std::function<std::vector<std::filesystem::path>(const std::vector<std::filesystem::path>&)>;

/// multiview: all inputs are one scene; one folder that holds no images but folders of images is one scene
/// for each of these. independent: each image is a scene, its results in <stem>, or <folder>/<stem> for a
/// folder of folders. Names that would meet get "-2", "-3" ... in order. Throws what list_inputs throws.
std::vector<Scene> list_scenes(const std::vector<std::filesystem::path>& inputs, Mode mode,
                               const ListInputs& list_inputs);

/// The last step of list_scenes: independent makes one scene of each image.
std::vector<Scene> by_mode(std::vector<Scene> scenes, Mode mode);

}  // namespace da3::host
