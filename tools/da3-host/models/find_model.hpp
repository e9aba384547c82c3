// SPDX-License-Identifier: Apache-2.0
// From what --model says to a folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/local_models.hpp"

namespace da3::host {

/// A model's folder: as given (path, resolved against the profile's folder already; a model.safetensors means
/// its folder), then by its name `text`: in each folder of DA3_MODEL_PATH, in the Hugging Face cache, in
/// share/models. Throws Error(DA3_E_NOT_FOUND) that says where it was looked for and what is there.
std::filesystem::path find_model(const std::string& text, const std::filesystem::path& path,
                                 const std::filesystem::path& share);

/// The model that a name stands for, of the first folder that has it: the folder of exactly this name,
/// whatever it holds (plugins may take other formats), else a whole one whose name answers it; there the same
/// letters, then the highest version win.
std::optional<LocalModel> find_named(const std::string& name, const std::vector<SearchFolder>& folders);

/// The models that a name would stand for if they were whole.
std::vector<LocalModel> broken_named(const std::string& name, const std::vector<SearchFolder>& folders);

}  // namespace da3::host
