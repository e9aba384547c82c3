// SPDX-License-Identifier: Apache-2.0
// What a run gave for one scene, as the exporters read it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace da3::io {

/// Features of one block of the backbone, a vector for each patch of each view.
struct FeatureMap {
  int64_t block = 0;
  int64_t rows = 0, columns = 0, channels = 0;
  std::span<const float> values;  ///< [views, rows, columns, channels]
};

/// 3D gaussians, one for each pixel of each view, in the order of the pixels; in the network's world and
/// unit.
struct Gaussians {
  std::span<const float> means, scales;    ///< [views * height * width, 3]; world units, not logarithms
  std::span<const float> rotations;        ///< [views * height * width, 4], w x y z
  std::span<const float> harmonics;        ///< [views * height * width, 3, K]
  std::span<const float> opacities;        ///< [views * height * width], 0 to 1
  std::span<const float> extrinsics = {};  ///< [views, 3, 4], the views' cameras in this world; empty: those
                                           ///< of the prediction
};

/// Views of the caller's memory, C-contiguous, which must outlive the call. An empty span: the model has no
/// such output. Conventions: extrinsics are world-to-camera with OpenCV axes; intrinsics in pixels of height
/// x width, pixel centres at integers; depth along the camera's z axis.
struct Prediction {
  int64_t views = 0, height = 0, width = 0;
  std::span<const float> depth;       ///< [views, height, width]; required
  std::span<const float> confidence;  ///< [views, height, width]
  std::span<const float> sky;         ///< [views, height, width]
  std::span<const float> extrinsics;  ///< [views, 3, 4]
  std::span<const float> intrinsics;  ///< [views, 3, 3]
  std::span<const uint8_t> images;    ///< [views, height, width, 3] RGB: the pixels the network was given
  std::vector<FeatureMap> features;   ///< written whatever the formats are
  std::map<std::string, std::string> metadata;  ///< for formats with a place for it
  Gaussians gaussians;
  bool is_metric = false;                              ///< depth is in metres
  bool exif_rotation = false;                          ///< the files were read so: see read_image
  std::vector<std::filesystem::path> files;            ///< the image files; empty: not from files
  std::vector<std::array<int64_t, 2>> original_sizes;  ///< {height, width} of them
  std::vector<std::array<int64_t, 2>> uncut_sizes;     ///< {height, width} that each file was resized to: the
                                                       ///< view is the middle of that; empty: all of it
};

}  // namespace da3::io
