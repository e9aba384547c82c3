// SPDX-License-Identifier: Apache-2.0
#include "slow_render.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace da3::splat::test {
namespace {

struct Drawn {
  double z, x, y, a, b, c, opacity;
  std::array<double, 3> colour;
};

using M3 = std::array<std::array<double, 3>, 3>;

M3 product(const M3& a, const M3& b) {
  M3 r{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k) r[i][j] += a[i][k] * b[k][j];
  return r;
}
M3 flipped(const M3& a) {
  M3 r{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) r[i][j] = a[j][i];
  return r;
}

M3 rotation(const float* q) {
  double n = 0;
  for (int i = 0; i < 4; ++i) n += static_cast<double>(q[i]) * q[i];
  n = std::sqrt(n);
  const double w = q[0] / n, x = q[1] / n, y = q[2] / n, z = q[3] / n;
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
           {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
           {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
}

Drawn drawn(const io::Gaussians& g, size_t i, const Camera& camera, int width, int height) {
  std::array<double, 3> t{}, centre{}, away{};
  for (size_t r = 0; r < 3; ++r) {
    t[r] = camera.translation[r];
    for (size_t k = 0; k < 3; ++k) {
      t[r] += camera.rotation[r][k] * g.means[i * 3 + k];
      centre[r] -= camera.rotation[k][r] * camera.translation[k];
    }
  }
  M3 stretch{};
  for (size_t k = 0; k < 3; ++k) stretch[k][k] = g.scales[i * 3 + k];
  const M3 m = product(rotation(&g.rotations[i * 4]), stretch);
  const M3 w = camera.rotation;
  const M3 covariance = product(product(w, product(m, flipped(m))), flipped(w));
  const double z = t[2];
  const double side_x = 0.15 * width, side_y = 0.15 * height;
  const double x =
      std::clamp(t[0] / z, -(camera.cx + side_x) / camera.fx, (width - camera.cx + side_x) / camera.fx);
  const double y =
      std::clamp(t[1] / z, -(camera.cy + side_y) / camera.fy, (height - camera.cy + side_y) / camera.fy);
  const M3 jacobian{
      {{camera.fx / z, 0, -camera.fx * x / z}, {0, camera.fy / z, -camera.fy * y / z}, {0, 0, 0}}};
  const M3 flat = product(product(jacobian, covariance), flipped(jacobian));
  const double xx = flat[0][0] + 0.3, yy = flat[1][1] + 0.3, xy = flat[0][1], det = xx * yy - xy * xy;
  double length = 0;
  for (size_t k = 0; k < 3; ++k) away[k] = g.means[i * 3 + k] - centre[k], length += away[k] * away[k];
  length = std::sqrt(length);
  const auto basis = plain_harmonics(away[0] / length, away[1] / length, away[2] / length);
  const size_t count = g.harmonics.size() / g.means.size();
  Drawn d{z,
          camera.fx * t[0] / z + camera.cx,
          camera.fy * t[1] / z + camera.cy,
          yy / det,
          -xy / det,
          xx / det,
          g.opacities[i],
          {}};
  for (size_t c = 0; c < 3; ++c) {
    d.colour[c] = 0.5;
    for (size_t k = 0; k < count; ++k) d.colour[c] += basis[k] * g.harmonics[(i * 3 + c) * count + k];
    d.colour[c] = std::max(0.0, d.colour[c]);
  }
  return d;
}

}  // namespace

std::vector<double> plain_harmonics(double x, double y, double z) {
  return {0.28209479177387814,
          -0.4886025119029199 * y,
          0.4886025119029199 * z,
          -0.4886025119029199 * x,
          1.0925484305920792 * x * y,
          -1.0925484305920792 * y * z,
          0.31539156525252005 * (2 * z * z - x * x - y * y),
          -1.0925484305920792 * x * z,
          0.5462742152960396 * (x * x - y * y)};
}

Picture slow_render(const io::Gaussians& g, const Camera& camera, int width, int height) {
  std::vector<Drawn> all;
  for (size_t i = 0; i < g.opacities.size(); ++i) {
    const Drawn d = drawn(g, i, camera, width, height);
    if (d.z >= 0.01) all.push_back(d);
  }
  std::stable_sort(all.begin(), all.end(), [](const Drawn& a, const Drawn& b) { return a.z < b.z; });
  Picture picture{width, height, {}, {}, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double through = 1, sum = 0, depth = 0;
      std::array<double, 3> colour{};
      for (const Drawn& d : all) {
        const double dx = x + 0.5 - d.x, dy = y + 0.5 - d.y;
        const double power = 0.5 * (d.a * dx * dx + 2 * d.b * dx * dy + d.c * dy * dy);
        const double alpha = std::min(0.999, d.opacity * std::exp(-power));
        if (alpha < 1.0 / 255) continue;
        if (through * (1 - alpha) <= 1e-4) break;
        for (size_t c = 0; c < 3; ++c) colour[c] += through * alpha * d.colour[c];
        depth += through * alpha * d.z;
        sum += through * alpha;
        through *= 1 - alpha;
      }
      for (const double value : colour) picture.colour.push_back(static_cast<float>(value));
      picture.depth.push_back(static_cast<float>(sum > 0 ? depth / sum : 0));
      picture.alpha.push_back(static_cast<float>(sum));
    }
  return picture;
}

}  // namespace da3::splat::test
