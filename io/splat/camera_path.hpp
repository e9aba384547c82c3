// SPDX-License-Identifier: Apache-2.0
// Where the camera of a video flies, given the cameras of some views. Paths, lengths and constants are
// upstream's.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "camera.hpp"

namespace da3::splat {

/// A camera as a path sees it.
struct PathPoint {
  Mat3 rotation{};  ///< camera to world: its columns are the camera's axes
  Vec3 centre{};
  double fx = 1, fy = 1, cx = 0, cy = 0;
};

PathPoint path_point(const Camera& camera);
Camera camera_at(const PathPoint& point);

/// One of the names of gs_trajectories. Of one view: "wander" or "dolly_zoom". Throws Error:
/// DA3_E_BAD_VALUE for another name, DA3_E_INVALID where there are too few views for it.
std::vector<Camera> camera_path(std::string_view trajectory, const std::vector<Camera>& views);

/// `count` points from a to b, both included; slow at both ends where `eased`. Cameras turn about the point
/// that both look at, and keep their place relative to their gaze; those that look the same way move
/// straight.
std::vector<PathPoint> between(const PathPoint& a, const PathPoint& b, size_t count, bool eased);

/// Each point the gaussian mean of up to 51 around it; ends are mirrored.
std::vector<PathPoint> smoothed(const std::vector<PathPoint>& points);

}  // namespace da3::splat
