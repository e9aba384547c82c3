// SPDX-License-Identifier: Apache-2.0
// Makes a checkpoint folder with deterministic weights (weights.hpp) for any configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "checkpoint/model_config.hpp"

namespace da3::weights {

/// What to make.
struct Recipe {
  checkpoint::ModelConfig config;
  std::string config_json;  ///< the text of the folder's config.json
  bool outliers = false;    ///< with the huge channels that trained backbones have
};

/// The recipe of a name: a published model ("da3-base"), "tiny", "tiny-mono", "tiny-giant", "tiny-nested",
/// each also with
/// "-outliers"; or of a config.json file. Throws Error: DA3_E_NOT_FOUND for neither, DA3_E_MODEL for a bad
/// file.
Recipe find_recipe(const std::string& name_or_file);

/// Called between tensors; may throw to stop, which leaves no file behind.
using Progress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

/// Writes folder/model.safetensors (float32, tensors by name), then folder/config.json; makes the folder
/// where needed. Memory: the largest tensor. Throws Error(DA3_E_NOT_FOUND) with errno when a file cannot be
/// written.
void make_checkpoint(const Recipe& recipe, const std::filesystem::path& folder,
                     const Progress& progress = {});

}  // namespace da3::weights
