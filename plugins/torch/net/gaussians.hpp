// SPDX-License-Identifier: Apache-2.0
// From GSDPT's raw values to gaussians in the world: one for every pixel.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "checkpoint/model_config.hpp"

namespace da3::net {

/// N gaussians in the frame and scale of the run's extrinsics and depth. For scenes N is S*H*W, views first.
struct Gaussians {
  at::Tensor means;      ///< [B, N, 3]
  at::Tensor scales;     ///< [B, N, 3], standard deviations along the gaussian's axes
  at::Tensor rotations;  ///< [B, N, 4], (w, x, y, z), unit length
  at::Tensor harmonics;  ///< [B, N, 3, (degree+1)^2] for red, green, blue
  at::Tensor opacities;  ///< [B, N], 0 to 1
};

/// One view's camera as plain numbers.
struct ViewCamera {
  std::array<double, 12> extrinsics{};  ///< 3x4, world-to-camera
  std::array<double, 9> intrinsics{};   ///< 3x3, pixels
};

class GaussianAdapter {
 public:
  explicit GaussianAdapter(const checkpoint::GaussianConfig& config) : config_(config) {}

  /// Memory for views * pixels gaussians, each view's together: [V, H*W, ...].
  Gaussians allocate(int64_t views, int64_t pixels, const at::TensorOptions& options) const;

  /// Fills one view. raw [H, W, channels] from GSDPT, depth [H, W]. scale: of depths and camera centres,
  /// towards the scale of given poses.
  void place(const at::Tensor& raw, const at::Tensor& depth, const ViewCamera& camera, double scale,
             Gaussians& gaussians, int64_t view) const;

 private:
  checkpoint::GaussianConfig config_;
};

/// How much larger the camera path of the given poses is than that of the predicted ones (Umeyama), held
/// between 1/3 and 3; 1 where all cameras of a side are in one place. Poses are [S, 3 or 4, 4],
/// world-to-camera, on any device.
double pose_scale(const at::Tensor& given, const at::Tensor& predicted);

}  // namespace da3::net
