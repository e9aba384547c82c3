// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/support.hpp"

#include <da3/io/prediction.hpp>

#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace da3::test {

/// Cameras on an arc around uneven ground, with every output of a model that also gives gaussians.
struct OrbitScene {
  static constexpr int64_t views = 3, height = 28, width = 42, coefficients = 4;
  static constexpr size_t channels = 24;
  std::vector<float> depth, confidence, extrinsics, intrinsics, means, scales, rotations, harmonics,
      opacities, features;
  std::vector<uint8_t> images;
  io::Prediction prediction;

  OrbitScene() {
    std::mt19937 random(7);
    const auto uniform = [&](float low, float high) {
      return low + (high - low) * static_cast<float>(random() >> 8) * 0x1p-24f;
    };
    for (int64_t view = 0; view < views; ++view) add_camera(static_cast<float>(view));
    for (int64_t i = 0; i < views * height * width; ++i) {
      depth.push_back(i % 97 == 0 ? 0 : uniform(1, 4));
      confidence.push_back(1 + uniform(0, 3) * uniform(0, 1));
      for (int c = 0; c < 3; ++c) {
        images.push_back(static_cast<uint8_t>(random() >> 24));
        means.push_back(uniform(-2, 2));
        scales.push_back(uniform(0.001f, 0.1f));
        for (int64_t k = 0; k < coefficients; ++k) harmonics.push_back(uniform(-1, 1));
      }
      for (int c = 0; c < 4; ++c) rotations.push_back(uniform(-1, 1));
      opacities.push_back(uniform(0.01f, 0.99f));
    }
    prediction.views = views, prediction.height = height, prediction.width = width;
    prediction.depth = depth, prediction.confidence = confidence, prediction.images = images;
    prediction.extrinsics = extrinsics, prediction.intrinsics = intrinsics;
    prediction.gaussians = {means, scales, rotations, harmonics, opacities};
    prediction.files = {"/photos/a.jpg", "/photos/b.jpg", "/photos/c d.jpg"};
    prediction.original_sizes = {{280, 400}, {56, 84}, {300, 450}};
  }

  /// All views see the plane 0.1 x + 0.2 y + z = 3, but the left half of the second view a place behind it.
  /// Surer from row to row.
  void see_a_plane() {
    for (int64_t view = 0, i = 0; view < views; ++view)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x, ++i) {
          const float* e = &extrinsics[static_cast<size_t>(view) * 12];
          const float* k = &intrinsics[static_cast<size_t>(view) * 9];
          const std::array<double, 3> ray{(static_cast<double>(x) - k[2]) / k[0],
                                          (static_cast<double>(y) - k[5]) / k[4], 1};
          constexpr std::array<double, 3> normal{0.1, 0.2, 1};
          double along = 0, from = 0;  // normal . R^T ray, normal . -R^T t
          for (size_t row = 0; row < 3; ++row)
            for (size_t column = 0; column < 3; ++column) {
              along += normal[column] * e[row * 4 + column] * ray[row];
              from -= normal[column] * e[row * 4 + column] * e[row * 4 + 3];
            }
          const double wrong = view == 1 && x < width / 2 ? 1.3 : 1;
          depth[static_cast<size_t>(i)] = static_cast<float>(wrong * (3 - from) / along);
          confidence[static_cast<size_t>(i)] = 1 + static_cast<float>(y);
        }
  }

  /// A vector for each patch of 14 x 14 pixels, which lie around three directions, of different lengths.
  void add_features(int64_t block) {
    constexpr int64_t rows = height / 14, columns = width / 14;
    std::mt19937 random(11);
    const auto uniform = [&] { return static_cast<float>(random() >> 8) * 0x1p-23f - 1; };
    std::vector<float> directions(3 * channels);
    for (float& value : directions) value = uniform();
    for (int64_t i = 0; i < views * rows * columns; ++i) {
      const std::array<float, 3> along{9 * uniform(), 4 * uniform(), 2 * uniform()};
      for (size_t c = 0; c < channels; ++c) {
        float value = 5 + 0.02f * uniform();
        for (size_t k = 0; k < 3; ++k) value += along[k] * directions[k * channels + c];
        features.push_back(value);
      }
    }
    prediction.features = {{block, rows, columns, static_cast<int64_t>(channels), features}};
  }

  /// The arrays as files, for a reference in Python.
  void save(const fs::path& folder) const {
    const auto put = [&](const char* name, const auto& values) {
      const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
      write_bytes(folder / name, {begin, begin + values.size() * sizeof values[0]});
    };
    put("depth.f32", depth), put("confidence.f32", confidence), put("extrinsics.f32", extrinsics);
    put("intrinsics.f32", intrinsics), put("images.u8", images), put("means.f32", means);
    put("scales.f32", scales), put("rotations.f32", rotations), put("harmonics.f32", harmonics);
    put("opacities.f32", opacities), put("features.f32", features);
  }

 private:
  void add_camera(float view) {
    const float angle = 0.3f * view + 0.1f, c = std::cos(angle), s = std::sin(angle);
    for (const float value : {c, 0.f, s, 0.2f * view, 0.f, 1.f, 0.f, -0.1f * view, -s, 0.f, c, 0.3f * view})
      extrinsics.push_back(value);
    for (const float value : {40.f + view, 0.f, 20.5f, 0.f, 39.f, 13.25f, 0.f, 0.f, 1.f})
      intrinsics.push_back(value);
  }
};

}  // namespace da3::test
