// SPDX-License-Identifier: Apache-2.0
// Camera poses as the alignment sees them: where a camera is and how it stands in the world.
#pragma once

#include <da3/io/cameras.hpp>

#include <opencv2/core.hpp>

#include <span>
#include <string>
#include <vector>

namespace da3::io {

struct Pose {
  cv::Matx33d rotation;  ///< camera-to-world
  cv::Vec3d centre;
};

/// Poses of one source.
struct Path {
  std::vector<Pose> poses;
  double rounding =
      0;  ///< of a centre's coordinates, as a part of the largest: float32's where all numbers are floats
};

/// Throws Error: DA3_E_INVALID without poses, DA3_E_NUMERIC when one is not finite; `what` begins the
/// sentence.
std::vector<Pose> poses_of(std::span<const Extrinsics> extrinsics, const std::string& what);

/// The same with what their numbers can be trusted to.
Path path_of(std::span<const Extrinsics> extrinsics, const std::string& what);

/// World-to-camera again.
Extrinsics extrinsics_of(const Pose& pose);

/// The rotation nearest to a matrix (least squares of entries).
cv::Matx33d nearest_rotation(const cv::Matx33d& matrix);

}  // namespace da3::io
