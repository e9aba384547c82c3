// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/support.hpp"

#include <da3/io/prediction.hpp>

#include <cstring>
#include <vector>

namespace da3::test {

/// Two views of 28x42 with every output.
struct Scene {
  std::vector<float> depth, confidence, extrinsics, intrinsics;
  std::vector<uint8_t> images;
  io::Prediction prediction;

  Scene() {
    const auto bytes = read_bytes(data_dir / "io" / "depth_28x42.f32");
    depth.resize(2 * 28 * 42);
    std::memcpy(depth.data(), bytes.data(), bytes.size());
    for (size_t i = 28 * 42; i < depth.size(); ++i) depth[i] = 1.0f + 0.001234567f * static_cast<float>(i);
    for (size_t i = 0; i < depth.size(); ++i)
      confidence.push_back(1.0f + 0.005f * static_cast<float>(i % 400));
    for (int i = 0; i < 24; ++i) extrinsics.push_back(0.1f * static_cast<float>(i));
    for (int i = 0; i < 18; ++i) intrinsics.push_back(10.0f * static_cast<float>(i));
    for (int i = 0; i < 2 * 28 * 42 * 3; ++i) images.push_back(static_cast<uint8_t>(i * 7));
    prediction.views = 2, prediction.height = 28, prediction.width = 42;
    prediction.depth = depth, prediction.confidence = confidence;
    prediction.extrinsics = extrinsics, prediction.intrinsics = intrinsics, prediction.images = images;
  }
};

}  // namespace da3::test
