// SPDX-License-Identifier: Apache-2.0
// Files of known cameras as people bring them, and arrays of a single .npy.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "npz_reader.hpp"

namespace da3::test {

/// Empty lists are left out of the files.
struct CameraList {
  std::vector<std::string> names;
  std::vector<float> extrinsics;  ///< [N,4,4], world-to-camera
  std::vector<float> intrinsics;  ///< [N,3,3]
};

/// One object for each camera.
nlohmann::json cameras_json(const CameraList& cameras);

/// Float32, C order.
void write_npz(const std::filesystem::path& file, const CameraList& cameras);

/// A COLMAP text model: one PINHOLE camera of width x height for each image, names needed.
void write_colmap(const std::filesystem::path& folder, const CameraList& cameras, int height, int width);

/// Throws std::runtime_error when the file is no C-contiguous float32 array.
NpzArray read_npy(const std::filesystem::path& file);

}  // namespace da3::test
