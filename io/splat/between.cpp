// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "camera_path.hpp"

namespace da3::splat {
namespace {

constexpr double same_gaze = 1e-4;  ///< 1 - |cosine| of the angle between two gazes

Vec3 normalised(const Vec3& v) { return 1 / std::sqrt(dot(v, v)) * v; }

/// About the axis of a vector, by its length.
Mat3 turn(const Vec3& axis, double angle) {
  const double s = std::sin(angle / 2), c = std::cos(angle / 2);
  return rotation_of({c, s * axis[0], s * axis[1], s * axis[2]});
}

/// The shorter way from one angle to another.
double shorter(double angle) { return std::remainder(angle, 2 * std::numbers::pi); }

/// Axis and angle of a rotation. At half a turn the axis is any of the two.
Vec3 axis_and_angle(const Mat3& r, double& angle) {
  const Vec3 twice{r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]};
  const double sine = std::sqrt(dot(twice, twice)) / 2, cosine = (r[0][0] + r[1][1] + r[2][2] - 1) / 2;
  angle = std::atan2(sine, cosine);
  if (sine > 1e-9) return normalised(twice);
  if (cosine > 0) return {1, 0, 0};
  Vec3 axis;
  for (size_t i = 0; i < 3; ++i) axis[i] = std::sqrt(std::max(0.0, (r[i][i] + 1) / 2));
  const size_t most = static_cast<size_t>(std::max_element(axis.begin(), axis.end()) - axis.begin());
  for (size_t i = 0; i < 3; ++i)
    if (i != most && r[most][i] + r[i][most] < 0) axis[i] = -axis[i];
  return normalised(axis);
}

/// The point nearest to both lines of sight: where they meet but for their distance.
Vec3 looked_at(const PathPoint& a, const PathPoint& b) {
  const Vec3 u = column(a.rotation, 2), v = column(b.rotation, 2), apart = b.centre - a.centre;
  const double cosine = dot(u, v), square = 1 - cosine * cosine;
  const double along_a = (dot(apart, u) - cosine * dot(apart, v)) / square;
  const double along_b = (cosine * dot(apart, u) - dot(apart, v)) / square;
  return 0.5 * (a.centre + along_a * u + b.centre + along_b * v);
}

/// A camera relative to a pivot: gaze within the plane of both gazes, roll about the gaze, and where the
/// pivot lies as seen along the gaze.
struct Turned {
  double roll;
  Vec3 to_pivot;
};

Turned relative(const PathPoint& point, const Vec3& normal, const Vec3& pivot) {
  const Vec3 gaze = column(point.rotation, 2);
  const Mat3 level = from_columns(cross(normal, gaze), normal, gaze);
  const Vec3 right = transposed(level) * column(point.rotation, 0);
  return {std::atan2(right[1], right[0]), transposed(level) * (pivot - point.centre)};
}

PathPoint about_pivot(const PathPoint& a, const PathPoint& b, double t) {
  const Vec3 u = column(a.rotation, 2), v = column(b.rotation, 2), pivot = looked_at(a, b);
  const Vec3 across = cross(u, v), normal = normalised(across);
  const double angle = std::atan2(std::sqrt(dot(across, across)), dot(u, v));
  const Turned from = relative(a, normal, pivot), to = relative(b, normal, pivot);
  const Vec3 gaze = turn(normal, angle * t) * u;
  const Mat3 level = from_columns(cross(normal, gaze), normal, gaze);
  const double roll = from.roll + shorter(to.roll - from.roll) * t;
  PathPoint point;
  point.rotation = level * turn({0, 0, 1}, roll);
  point.centre = pivot - level * (from.to_pivot + t * (to.to_pivot - from.to_pivot));
  return point;
}

PathPoint straight(const PathPoint& a, const PathPoint& b, double t) {
  double angle = 0;
  const Vec3 axis = axis_and_angle(b.rotation * transposed(a.rotation), angle);
  PathPoint point;
  point.rotation = turn(axis, angle * t) * a.rotation;
  point.centre = a.centre + t * (b.centre - a.centre);
  return point;
}

}  // namespace

std::vector<PathPoint> between(const PathPoint& a, const PathPoint& b, size_t count, bool eased) {
  const double cosine = dot(column(a.rotation, 2), column(b.rotation, 2));
  const bool parallel = std::abs(std::abs(cosine) - 1) < same_gaze;
  std::vector<PathPoint> points;
  for (size_t i = 0; i < count; ++i) {
    double t = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
    if (eased) t = (1 - std::cos(std::numbers::pi * t)) / 2;
    PathPoint point = parallel ? straight(a, b, t) : about_pivot(a, b, t);
    point.fx = a.fx + t * (b.fx - a.fx), point.fy = a.fy + t * (b.fy - a.fy);
    point.cx = a.cx + t * (b.cx - a.cx), point.cy = a.cy + t * (b.cy - a.cy);
    points.push_back(point);
  }
  return points;
}

}  // namespace da3::splat
