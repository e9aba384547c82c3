// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <da3/io/prediction.hpp>
#include <random>
#include <vector>

#include "camera.hpp"

namespace da3::splat::test {

/// Gaussians, added one by one.
struct GaussianSet {
  std::vector<float> means, scales, rotations, harmonics, opacities;

  using Floats = std::vector<float>;

  /// harmonics: [3, K] of one K for all.
  void add(const Floats& mean, const Floats& scale, float opacity, const Floats& of_direction,
           const Floats& rotation = {1, 0, 0, 0}) {
    const auto append = [](Floats& to, const Floats& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(means, mean), append(scales, scale), append(harmonics, of_direction), append(rotations, rotation);
    opacities.push_back(opacity);
  }

  /// One colour (0 to 1) from all sides.
  void add_ball(const Floats& mean, float radius, float opacity, const Floats& rgb) {
    Floats first;
    for (const float value : rgb) first.push_back((value - 0.5f) / 0.28209479f);
    add(mean, {radius, radius, radius}, opacity, first);
  }

  /// Around (0, 0, 4), some behind a camera at 0; with nine harmonics.
  void add_many(size_t count, float largest, float most_opacity = 1) {
    std::mt19937 random(5);
    const auto uniform = [&](float low, float high) {
      return low + (high - low) * static_cast<float>(random() >> 8) * 0x1p-24f;
    };
    for (size_t i = 0; i < count; ++i) {
      Floats of_direction;
      for (int k = 0; k < 27; ++k) of_direction.push_back(uniform(-0.7f, 0.7f));
      add({uniform(-4, 4), uniform(-3, 3), uniform(-1, 8)},
          {uniform(0.01f, largest), uniform(0.01f, largest), uniform(0.01f, largest)},
          uniform(0, most_opacity), of_direction,
          {uniform(-1, 1), uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)});
    }
  }

  io::Gaussians view() const { return {means, scales, rotations, harmonics, opacities, {}}; }
};

/// At the origin, of a picture of this size.
inline Camera camera_of(int width, int height, double focal) {
  Camera camera;
  camera.fx = camera.fy = focal, camera.cx = width / 2.0, camera.cy = height / 2.0;
  return camera;
}

}  // namespace da3::splat::test
