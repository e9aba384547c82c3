// SPDX-License-Identifier: Apache-2.0
// The folders in which models are looked for by name, and what lies in them. Only names of files are looked
// at, nothing is read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace da3::host {

/// In the order of search.
enum class Place { model_path, hub_cache, installed };

/// "DA3_MODEL_PATH", "huggingface", "installed"; for people "the Hugging Face cache", ...
std::string_view place_name(Place place);
std::string_view place_title(Place place);

struct LocalModel {
  Place place = Place::model_path;
  std::string name;              ///< what --model takes: "DA3-BASE", "depth-anything/DA3-BASE"
  std::filesystem::path folder;  ///< holds model.safetensors, or should
  std::string problem = {};      ///< "": model.safetensors is there. Else what is wrong with the folder
  std::string note = {};         ///< a choice that had to be made, and why
};

struct SearchFolder {
  Place place = Place::model_path;
  std::filesystem::path folder;
  std::string problem = {};             ///< "": it was looked in
  std::vector<LocalModel> models = {};  ///< by name
};

/// DA3_MODEL_PATH's folders, the Hugging Face cache, share/models.
std::vector<SearchFolder> search_models(const std::filesystem::path& share);

/// What is wrong with a model's folder by the names of its files: "" when model.safetensors is there and
/// neither it nor config.json is a link to nothing.
std::string checkpoint_problem(const std::filesystem::path& folder);

}  // namespace da3::host
