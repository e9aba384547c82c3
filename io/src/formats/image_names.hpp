// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

/// Names of images in a COLMAP model, each once: the files' own names, as upstream; where two are equal, all
/// with their folders below the one that holds them all ('/' between); a file that is there twice gets "-2",
/// "-3" ... before its extension.
std::vector<std::string> image_names(const std::vector<std::filesystem::path>& files);

}  // namespace da3::io
