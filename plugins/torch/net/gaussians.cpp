// SPDX-License-Identifier: Apache-2.0
#include "net/gaussians.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_det.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "net/camera.hpp"
#include "net/sh_rotation.hpp"

namespace da3::net {

namespace {

// GSDPT's channels, in order: offset of the pixel (2), scales (3), quaternion (4), harmonics (3 colours by
// (degree+1)^2), offset of the depth, logit of the opacity.
constexpr int64_t kOffset = 0, kScales = 2, kQuaternion = 5, kHarmonics = 9;
constexpr double kScalePerPixel = 0.1;
constexpr double kLengthEps = 1e-8;

/// Share of band l: view-dependent colour was trained to stay small.
double band_weight(int64_t l) { return l == 0 ? 1.0 : 0.1 * std::pow(0.25, static_cast<double>(l)); }

Matrix3 camera_to_world(const ViewCamera& camera) {
  Matrix3 rotation{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) rotation[i][j] = camera.extrinsics[4 * j + i];
  return rotation;
}

at::Tensor matrix(const double* values, int64_t rows, int64_t columns, const at::Tensor& like) {
  // Two steps: a device may have no float64.
  return at::from_blob(const_cast<double*>(values), {rows, columns}, at::kDouble)
      .to(like.scalar_type(), /*non_blocking=*/false, /*copy=*/true)
      .to(like.device());
}

at::Tensor rotation_tensor(const Matrix3& rotation, const at::Tensor& like) {
  return matrix(rotation.front().data(), 3, 3, like);
}

/// Unit vectors through the pixels' centres, moved by the predicted offsets, in the camera's frame: [H, W,
/// 3].
at::Tensor pixel_directions(const at::Tensor& raw, const ViewCamera& camera) {
  const auto& k = camera.intrinsics;
  const at::Tensor x = at::arange(raw.size(1), raw.options()).unsqueeze(0) + raw.select(-1, kOffset);
  const at::Tensor y = at::arange(raw.size(0), raw.options()).unsqueeze(1) + raw.select(-1, kOffset + 1);
  const at::Tensor right = (x + (0.5 - k[2])) / k[0], down = (y + (0.5 - k[5])) / k[4];
  const at::Tensor direction = at::stack({right, down, at::ones_like(right)}, -1);
  return direction / direction.norm(2, {-1}, /*keepdim=*/true);
}

/// Upstream moves the quaternion's last component to the front and then reads all four as (x, y, z, w), in
/// and out. The network has learned with it, so it is kept: what comes out is used as (w, x, y, z).
at::Tensor world_quaternions(const at::Tensor& raw, const Matrix3& rotation) {
  const at::Tensor length = raw.norm(2, {-1}, /*keepdim=*/true) + kLengthEps;
  const at::Tensor camera = at::cat({raw.narrow(-1, 3, 1), raw.narrow(-1, 0, 3)}, -1) / length;
  const auto q = camera.unbind(-1);
  const auto w = quaternion_from_rotation(rotation_tensor(rotation, at::empty({0}, at::kFloat))).contiguous();
  const auto* turn = w.const_data_ptr<float>();
  const double i = turn[0], j = turn[1], k = turn[2], r = turn[3];
  const at::Tensor product =
      at::stack({r * q[0] + i * q[3] + j * q[2] - k * q[1], r * q[1] - i * q[2] + j * q[3] + k * q[0],
                 r * q[2] + i * q[1] - j * q[0] + k * q[3], r * q[3] - i * q[0] - j * q[1] - k * q[2]},
                -1);
  const at::Tensor sign = product.narrow(-1, 3, 1).lt(0).to(at::kFloat).mul(-2.0).add(1.0);
  return product * sign / product.norm(2, {-1}, /*keepdim=*/true);
}

}  // namespace

Gaussians GaussianAdapter::allocate(int64_t views, int64_t pixels, const at::TensorOptions& options) const {
  const int64_t bands = (config_.sh_degree + 1) * (config_.sh_degree + 1);
  return {at::empty({views, pixels, 3}, options), at::empty({views, pixels, 3}, options),
          at::empty({views, pixels, 4}, options), at::empty({views, pixels, 3, bands}, options),
          at::empty({views, pixels}, options)};
}

void GaussianAdapter::place(const at::Tensor& raw, const at::Tensor& depth, const ViewCamera& camera,
                            double scale, Gaussians& gaussians, int64_t view) const {
  const int64_t degree = config_.sh_degree, bands = (degree + 1) * (degree + 1);
  const int64_t depth_offset = kHarmonics + 3 * bands;
  const Matrix3 rotation = camera_to_world(camera);
  const at::Tensor turn = rotation_tensor(rotation, raw);
  const auto& e = camera.extrinsics;
  const std::array<double, 3> translation{e[3] * scale, e[7] * scale, e[11] * scale};
  const at::Tensor centre = -at::matmul(turn, matrix(translation.data(), 3, 1, raw)).view({3});

  // The depth is laid along the ray and not along z: so does upstream, and the network has learned with it.
  const at::Tensor reach = ((depth + raw.select(-1, depth_offset)) * scale).unsqueeze(-1);
  const at::Tensor directions = at::matmul(pixel_directions(raw, camera).contiguous(), turn.t().contiguous());
  gaussians.means[view].copy_((directions * reach + centre).flatten(0, 1));

  const double pixel = kScalePerPixel * (1.0 / camera.intrinsics[0] + 1.0 / camera.intrinsics[4]);
  const at::Tensor share = at::sigmoid(raw.narrow(-1, kScales, 3));
  gaussians.scales[view].copy_(
      ((share * (config_.scale_max - config_.scale_min) + config_.scale_min) * reach * pixel).flatten(0, 1));

  gaussians.rotations[view].copy_(world_quaternions(raw.narrow(-1, kQuaternion, 4), rotation).flatten(0, 1));

  std::vector<double> harmonics = sh_rotation(rotation, degree);
  for (int64_t l = 0; l <= degree; ++l)
    for (int64_t column = l * l; column < (l + 1) * (l + 1); ++column)
      for (int64_t row = 0; row < bands; ++row)
        harmonics[static_cast<size_t>(row * bands + column)] *= band_weight(l);
  const at::Tensor coefficients =
      raw.narrow(-1, kHarmonics, 3 * bands).reshape({raw.size(0) * raw.size(1), 3, bands});
  gaussians.harmonics[view].copy_(
      at::matmul(coefficients.contiguous(), matrix(harmonics.data(), bands, bands, raw).t().contiguous()));

  gaussians.opacities[view].copy_(at::sigmoid(raw.select(-1, depth_offset + 1)).flatten());
}

double pose_scale(const at::Tensor& given, const at::Tensor& predicted) {
  const auto centres = [](const at::Tensor& poses) {
    const at::Tensor pose = poses.narrow(-2, 0, 3).cpu().to(at::kDouble);
    const at::Tensor c = rigid_inverse(pose).select(-1, 3);
    return c - c.mean(0, /*keepdim=*/true);
  };
  const at::Tensor to = centres(given), from = centres(predicted);
  const auto [u, d, v] = at::linalg_svd(at::matmul(to.t(), from));
  const auto* spread = d.contiguous().const_data_ptr<double>();
  const double variance = from.square().sum().item<double>();
  if (variance <= 0.0 || spread[0] <= 0.0) return 1.0;
  const bool mirrored = (at::linalg_det(u) * at::linalg_det(v)).item<double>() < 0.0;
  const double aligned = spread[0] + spread[1] + (mirrored ? -spread[2] : spread[2]);
  return std::clamp(aligned / variance, 1.0 / 3.0, 3.0);
}

}  // namespace da3::net
