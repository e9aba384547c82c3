// SPDX-License-Identifier: Apache-2.0
// A COLMAP folder as the only input: images/ and sparse/, as COLMAP's own tools and upstream have it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::host {

/// The one input is a folder with images/ and sparse/.
bool is_colmap_folder(const std::vector<std::filesystem::path>& inputs);

/// The files that the model's images name, below images/, in the model's order. Those that are not there are
/// listed too, and found missing when they are read; of those that are there and not in the model a message
/// tells. Throws Error(DA3_E_INVALID) for a name that leads out of images/.
std::vector<std::filesystem::path> colmap_images(const std::filesystem::path& folder,
                                                 const std::vector<std::string>& names);

}  // namespace da3::host
