// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "camera_path.hpp"

namespace da3::splat {
namespace {

constexpr size_t widest = 51;

/// The weights that OpenCV takes for a size.
std::vector<double> kernel_of(size_t size) {
  const double middle = static_cast<double>(size - 1) / 2, sigma = 0.3 * (middle - 1) + 0.8;
  std::vector<double> weights;
  double sum = 0;
  for (size_t i = 0; i < size; ++i) {
    const double off = static_cast<double>(i) - middle;
    weights.push_back(std::exp(-off * off / (2 * sigma * sigma)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace

std::vector<PathPoint> smoothed(const std::vector<PathPoint>& points) {
  const size_t count = points.size();
  const std::vector<double> weights = kernel_of(std::min(widest, count % 2 == 1 ? count : count - 1));
  const auto half = static_cast<int64_t>(weights.size() / 2), last = static_cast<int64_t>(count) - 1;
  std::vector<PathPoint> result = points;
  for (int64_t i = 0; i <= last; ++i) {
    Vec3 right{}, down{}, centre{};
    for (int64_t k = -half; k <= half; ++k) {
      const int64_t from = i + k < 0 ? -(i + k) : i + k > last ? 2 * last - (i + k) : i + k;
      const PathPoint& point = points[static_cast<size_t>(from)];
      const double weight = weights[static_cast<size_t>(k + half)];
      right = right + weight * column(point.rotation, 0);
      down = down + weight * column(point.rotation, 1);
      centre = centre + weight * point.centre;
    }
    // Means of axes are no axes: made upright again, or the picture would be sheared.
    const double length = std::sqrt(dot(right, right));
    const Vec3 x = 1 / length * right;
    const Vec3 off = down - dot(down, x) * x;
    const double height = std::sqrt(dot(off, off));
    if (!(length > 1e-9) || !(height > 1e-9)) continue;  // cameras that look all ways have no mean
    const Vec3 y = 1 / height * off, z = cross(x, y);
    PathPoint& to = result[static_cast<size_t>(i)];
    to.rotation = from_columns(x, y, z);
    to.centre = centre;
  }
  return result;
}

}  // namespace da3::splat
