// SPDX-License-Identifier: Apache-2.0
// What a run gave for one scene, as the exporters read it.
#pragma once

#include <cstdint>
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
};

}  // namespace da3::io
