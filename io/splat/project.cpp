// SPDX-License-Identifier: Apache-2.0
#include "project.hpp"

#include <algorithm>
#include <cmath>

#include "harmonics.hpp"

namespace da3::splat {
namespace {

Vec3 vector_at(std::span<const float> values, size_t i) {
  return {values[i * 3], values[i * 3 + 1], values[i * 3 + 2]};
}

Vec3 in_camera(const io::Gaussians& gaussians, size_t i, const Camera& camera) {
  return camera.rotation * vector_at(gaussians.means, i) + camera.translation;
}

/// A ray's slope, held near the picture.
double held(double slope, double focal, double middle, double size) {
  const double margin = frustum_margin * 0.5 * size;
  return std::clamp(slope, -(middle + margin) / focal, (size - middle + margin) / focal);
}

/// Standard deviations, squared, to where the gaussian falls below least_alpha; below 0: it never reaches it.
double reach(double opacity) { return 2 * std::log(opacity / least_alpha); }

/// First and last pixel whose centre is within `extent`; one beyond, for rounding.
void pixels_within(double middle, double extent, int32_t size, int32_t& first, int32_t& last) {
  first = static_cast<int32_t>(std::clamp(std::floor(middle - extent - 0.5), 0.0, size + 0.0));
  last = static_cast<int32_t>(std::clamp(std::ceil(middle + extent - 0.5), -1.0, size - 1.0));
}

}  // namespace

Mat3 rotation_of(const std::array<double, 4>& quaternion) {
  const auto [w, x, y, z] = quaternion;
  const double s = 2 / (w * w + x * x + y * y + z * z);
  return {{{1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)},
           {s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)},
           {s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)}}};
}

View::View(const Camera& from, int32_t w, int32_t h) : camera(from), width(w), height(h) {
  centre = -1.0 * (transposed(camera.rotation) * camera.translation);
}

std::optional<float> depth_if_seen(const io::Gaussians& gaussians, size_t i, const View& view) {
  const Camera& camera = view.camera;
  const Vec3 mean = in_camera(gaussians, i, camera);
  const double z = mean[2], squares = reach(gaussians.opacities[i]);
  if (!(z >= nearest) || !(squares >= 0) || !(z < 1e10)) return std::nullopt;
  const double x = mean[0] / z, y = mean[1] / z;
  const Vec3 scale = vector_at(gaussians.scales, i);
  const double widest = std::max({std::abs(scale[0]), std::abs(scale[1]), std::abs(scale[2])}) / z;
  const auto outside = [&](double slope, double focal, double middle, double size) {
    const double kept = held(slope, focal, middle, size), spread = focal * widest;
    const double extent = std::sqrt(squares * (spread * spread * (1 + kept * kept) + low_pass)) + 1;
    const double at = focal * slope + middle;
    return !(at + extent >= 0 && at - extent <= size);
  };
  if (outside(x, camera.fx, camera.cx, view.width) || outside(y, camera.fy, camera.cy, view.height))
    return std::nullopt;
  return static_cast<float>(z);
}

void prefetch(const io::Gaussians& gaussians, size_t i) {
  constexpr size_t line = 16;  // floats
  __builtin_prefetch(&gaussians.means[i * 3]);
  __builtin_prefetch(&gaussians.scales[i * 3]);
  __builtin_prefetch(&gaussians.rotations[i * 4]);
  const size_t each = gaussians.harmonics.size() / gaussians.opacities.size();
  for (size_t at = 0; at < each; at += line) __builtin_prefetch(&gaussians.harmonics[i * each + at]);
}

std::optional<Splat> project(const io::Gaussians& gaussians, size_t i, const View& view) {
  const Camera& camera = view.camera;
  const Vec3 mean = in_camera(gaussians, i, camera);
  const double z = mean[2], squares = reach(gaussians.opacities[i]);
  if (!(z >= nearest) || !(squares >= 0)) return std::nullopt;
  const double x = mean[0] / z, y = mean[1] / z;
  // Rows of J W R S: the picture's covariance is its product with itself.
  const float* q = &gaussians.rotations[i * 4];
  const Mat3 axes = camera.rotation * rotation_of({q[0], q[1], q[2], q[3]});
  const Vec3 scale = vector_at(gaussians.scales, i);
  const double kept_x = held(x, camera.fx, camera.cx, view.width);
  const double kept_y = held(y, camera.fy, camera.cy, view.height);
  Vec3 across, down;
  for (size_t k = 0; k < 3; ++k) {
    across[k] = camera.fx / z * scale[k] * (axes[0][k] - kept_x * axes[2][k]);
    down[k] = camera.fy / z * scale[k] * (axes[1][k] - kept_y * axes[2][k]);
  }
  const double xx = dot(across, across) + low_pass, yy = dot(down, down) + low_pass, xy = dot(across, down);
  const double determinant = xx * yy - xy * xy;
  if (!(determinant > 0) || !std::isfinite(determinant)) return std::nullopt;
  Splat splat;
  const double at_x = camera.fx * x + camera.cx, at_y = camera.fy * y + camera.cy;
  pixels_within(at_x, std::sqrt(squares * xx), view.width, splat.left, splat.right);
  pixels_within(at_y, std::sqrt(squares * yy), view.height, splat.top, splat.bottom);
  if (splat.left > splat.right || splat.top > splat.bottom) return std::nullopt;
  splat.x = static_cast<float>(at_x), splat.y = static_cast<float>(at_y);
  splat.a = static_cast<float>(yy / determinant), splat.c = static_cast<float>(xx / determinant);
  splat.b = static_cast<float>(-xy / determinant);
  splat.opacity = gaussians.opacities[i];
  splat.depth = static_cast<float>(z);
  return splat;
}

std::array<float, 3> colour_of(const io::Gaussians& gaussians, size_t i, const View& view) {
  const size_t count = gaussians.harmonics.size() / gaussians.means.size();
  const Vec3 away = vector_at(gaussians.means, i) - view.centre;
  std::array<float, most_harmonics> basis;
  harmonics_at(1 / std::sqrt(dot(away, away)) * away, count, basis);
  std::array<float, 3> colour;
  const float* coefficients = &gaussians.harmonics[i * 3 * count];
  std::array<float, 3> sums{0.5f, 0.5f, 0.5f};
  for (size_t k = 0; k < count; ++k)
    for (size_t c = 0; c < 3; ++c) sums[c] += coefficients[c * count + k] * basis[k];
  for (size_t c = 0; c < 3; ++c) colour[c] = sums[c] > 0 ? sums[c] : 0;
  return colour;
}

}  // namespace da3::splat
