// SPDX-License-Identifier: Apache-2.0
// COLMAP's model files (its documentation, "Output Format"): cameras and images, as they are written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

/// How a camera model's parameters begin; the others are the lens's.
struct ColmapModel {
  int32_t id;
  std::string_view name;
  size_t parameters;
  enum Kind { one_focal, two_focals } kind;  ///< f, cx, cy; fx, fy, cx, cy
};
std::span<const ColmapModel> colmap_models();

struct ColmapCamera {
  std::string model;
  uint64_t width = 0, height = 0;
  std::vector<double> parameters;
};

struct ColmapImage {
  double quaternion[4]{}, translation[3]{};  ///< world-to-camera; w, x, y, z
  int64_t camera = 0;
  std::string name;
};

struct ColmapFiles {
  std::map<int64_t, ColmapCamera> cameras;  ///< by id
  std::vector<ColmapImage> images;          ///< in the file's order
};

/// Why a model cannot be read: the middle of a sentence and its advice.
struct BadColmap : std::runtime_error {
  BadColmap(int32_t error_code, const std::string& why) : std::runtime_error(why), code(error_code) {}
  int32_t code;
};

/// Both throw BadColmap, or Error(DA3_E_NOT_FOUND) when a file cannot be opened. Points are skipped, not
/// read.
ColmapFiles read_colmap_binary(const std::filesystem::path& folder, const std::string& what);
ColmapFiles read_colmap_text(const std::filesystem::path& folder, const std::string& what);

}  // namespace da3::io
