// SPDX-License-Identifier: Apache-2.0
// Cameras in and out of the network. World-to-camera, OpenCV axes, pixels; quaternions are (x, y, z, w).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "net/block.hpp"
#include "net/kernels.hpp"
#include "net/layers.hpp"

namespace da3::net {

struct Cameras {
  at::Tensor extrinsics;  ///< [B, S, 3, 4]
  at::Tensor intrinsics;  ///< [B, S, 3, 3]
};

/// [..., 4] (x, y, z, w), of any length -> [..., 3, 3].
at::Tensor rotation_from_quaternion(const at::Tensor& quaternion);
/// [..., 3, 3] -> [..., 4] with w >= 0.
at::Tensor quaternion_from_rotation(const at::Tensor& rotation);
/// Inverse of [R t], [..., 3, 4].
at::Tensor rigid_inverse(const at::Tensor& pose);

/// Camera tokens [B, S, dim] -> cameras: translation, rotation, fields of view by a small MLP. The principal
/// point is the centre.
class CameraDecoder {
 public:
  explicit CameraDecoder(const WeightReader& weights);
  Cameras run(const at::Tensor& tokens, int64_t height, int64_t width, const Kernels& kernels) const;

 private:
  Linear hidden1_, hidden2_, translation_, rotation_, field_of_view_;
};

/// Given cameras -> tokens that take the place of the camera tokens [B, S, C].
class CameraEncoder {
 public:
  explicit CameraEncoder(const WeightReader& weights);
  /// extrinsics [B, S, 4, 4] normalised, intrinsics [B, S, 3, 3].
  at::Tensor run(const at::Tensor& extrinsics, const at::Tensor& intrinsics, int64_t height, int64_t width,
                 const Kernels& kernels) const;

 private:
  Linear expand_, contract_;
  Norm token_norm_, trunk_norm_;
  std::vector<Block> trunk_;
};

}  // namespace da3::net
