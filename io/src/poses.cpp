// SPDX-License-Identifier: Apache-2.0
#include "poses.hpp"

#include <da3/error.hpp>
#include <da3/io/pose_alignment.hpp>

#include <algorithm>
#include <cmath>

namespace da3::io {

std::vector<Pose> poses_of(std::span<const Extrinsics> extrinsics, const std::string& what) {
  if (extrinsics.empty())
    throw Error(DA3_E_INVALID, what + " failed: there are no poses; give one for each view");
  std::vector<Pose> poses;
  for (const Extrinsics& e : extrinsics) {
    if (!std::all_of(e.begin(), e.end(), [](double v) { return std::isfinite(v); }))
      throw Error(DA3_E_NUMERIC, what + " failed: the pose of view " + std::to_string(poses.size() + 1) +
                                     " is not finite; leave that view out");
    const cv::Matx33d rotation(e[0], e[1], e[2], e[4], e[5], e[6], e[8], e[9], e[10]);
    // The transpose, as upstream inverts: right for rotations, and near it for what is nearly one.
    poses.push_back({rotation.t(), -(rotation.t() * cv::Vec3d(e[3], e[7], e[11]))});
  }
  return poses;
}

Path path_of(std::span<const Extrinsics> extrinsics, const std::string& what) {
  constexpr double of_float = 5e-7, of_double = 1e-12;  // a few units in the last place, after R^T t
  const auto is_float = [](double v) { return static_cast<double>(static_cast<float>(v)) == v; };
  const bool floats = std::all_of(extrinsics.begin(), extrinsics.end(), [&](const Extrinsics& e) {
    return std::all_of(e.begin(), e.end(), is_float);
  });
  return {poses_of(extrinsics, what), floats ? of_float : of_double};
}

Extrinsics extrinsics_of(const Pose& pose) {
  const cv::Matx33d r = pose.rotation.t();
  const cv::Vec3d t = -(r * pose.centre);
  return {r(0, 0), r(0, 1), r(0, 2), t[0], r(1, 0), r(1, 1), r(1, 2), t[1],
          r(2, 0), r(2, 1), r(2, 2), t[2], 0,       0,       0,       1};
}

cv::Matx33d nearest_rotation(const cv::Matx33d& matrix) {
  cv::Vec3d w;
  cv::Matx33d u, vt;
  cv::SVD::compute(matrix, w, u, vt);
  const double sign = cv::determinant(u) * cv::determinant(vt) < 0 ? -1 : 1;
  return u * cv::Matx33d::diag({1, 1, sign}) * vt;
}

std::vector<float> normalise_extrinsics(std::span<const Extrinsics> extrinsics) {
  constexpr double least_distance = 0.1;
  const std::vector<Pose> poses = poses_of(extrinsics, "normalising the poses");
  std::vector<Pose> relative;
  std::vector<double> distances;
  for (const Pose& pose : poses) {
    const cv::Matx33d to_first = poses[0].rotation.t();
    relative.push_back({to_first * pose.rotation, to_first * (pose.centre - poses[0].centre)});
    distances.push_back(cv::norm(relative.back().centre));
  }
  const auto median = distances.begin() + static_cast<int64_t>((distances.size() - 1) / 2);
  std::nth_element(distances.begin(), median, distances.end());
  const double unit = std::max(least_distance, *median);
  std::vector<float> result;
  for (Pose& pose : relative) {
    pose.centre *= 1 / unit;
    for (const double value : extrinsics_of(pose)) result.push_back(static_cast<float>(value));
  }
  return result;
}

}  // namespace da3::io
