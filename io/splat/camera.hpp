// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

namespace da3::splat {

using Vec3 = std::array<double, 3>;
using Mat3 = std::array<Vec3, 3>;  ///< rows

/// Where a picture is taken from. OpenCV axes: x right, y down, z forward.
struct Camera {
  Mat3 rotation{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};  ///< world to camera
  Vec3 translation{};                                ///< world to camera
  double fx = 1, fy = 1, cx = 0, cy = 0;             ///< pixels; the first pixel's centre is at (0.5, 0.5)
};

inline Vec3 operator+(const Vec3& a, const Vec3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Vec3 operator*(double s, const Vec3& v) { return {s * v[0], s * v[1], s * v[2]}; }
inline double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline Vec3 operator*(const Mat3& m, const Vec3& v) { return {dot(m[0], v), dot(m[1], v), dot(m[2], v)}; }
inline Mat3 transposed(const Mat3& m) {
  return {{{m[0][0], m[1][0], m[2][0]}, {m[0][1], m[1][1], m[2][1]}, {m[0][2], m[1][2], m[2][2]}}};
}
inline Mat3 operator*(const Mat3& a, const Mat3& b) {
  const Mat3 t = transposed(b);
  Mat3 product;
  for (size_t i = 0; i < 3; ++i) product[i] = {dot(a[i], t[0]), dot(a[i], t[1]), dot(a[i], t[2])};
  return product;
}

inline Vec3 column(const Mat3& m, size_t i) { return {m[0][i], m[1][i], m[2][i]}; }
inline Mat3 from_columns(const Vec3& x, const Vec3& y, const Vec3& z) { return transposed({x, y, z}); }

/// The rotation of a quaternion (w, x, y, z) of any length above 0.
Mat3 rotation_of(const std::array<double, 4>& quaternion);

}  // namespace da3::splat
