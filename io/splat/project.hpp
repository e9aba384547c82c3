// SPDX-License-Identifier: Apache-2.0
// From a gaussian in the world to its picture: the EWA approximation (Zwicker et al. 2001), with the
// constants of 3D Gaussian Splatting (Kerbl et al. 2023), which these gaussians were trained with.
#pragma once

#include <cstdint>
#include <da3/io/prediction.hpp>
#include <optional>

#include "camera.hpp"

namespace da3::splat {

inline constexpr double nearest = 0.01;           ///< depth before which nothing is drawn
inline constexpr double least_alpha = 1.0 / 255;  ///< below it a picture of 8 bits shows nothing
inline constexpr double low_pass = 0.3;           ///< pixels squared: none is thinner than a pixel
inline constexpr double frustum_margin = 0.3;     ///< beyond the picture's edge, of half its size: the
                                                  ///< approximation is worthless farther out

/// A gaussian's picture: opacity * exp(-(a dx^2 + 2 b dx dy + c dy^2) / 2) around (x, y).
struct Splat {
  float x = 0, y = 0;         ///< pixels
  float a = 0, b = 0, c = 0;  ///< inverse of the covariance
  float opacity = 0, depth = 0;
  int32_t left = 0, top = 0, right = -1, bottom = -1;  ///< pixels in which it may reach least_alpha
  std::array<float, 3> colour{};
};

/// A picture's place: camera and size.
struct View {
  Camera camera;
  int32_t width = 0, height = 0;
  Vec3 centre{};  ///< of the camera, in the world

  View(const Camera& camera, int32_t width, int32_t height);
};

/// Depth of a gaussian, or nothing where it cannot be in the picture: behind the camera, too faint, not
/// finite, or outside by a bound that is cheap. Never nothing for one that project() gives.
std::optional<float> depth_if_seen(const io::Gaussians& gaussians, size_t i, const View& view);

/// Gets a gaussian on its way into the cache: sorted by depth, neighbours lie far apart.
void prefetch(const io::Gaussians& gaussians, size_t i);

/// Without colour. Nothing when no pixel shows it.
std::optional<Splat> project(const io::Gaussians& gaussians, size_t i, const View& view);

/// Red, green, blue, 0 and above: harmonics plus a half.
std::array<float, 3> colour_of(const io::Gaussians& gaussians, size_t i, const View& view);

}  // namespace da3::splat
