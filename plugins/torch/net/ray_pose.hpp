// SPDX-License-Identifier: Apache-2.0
// Cameras from the ray output. Every pixel's ray is a direction and an origin in the world; a pinhole camera
// turns the image plane into directions by a homography, which splits into rotation and intrinsics.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "net/camera.hpp"

namespace da3::net {

/// ray [B, S, h, w, 6] (direction, origin), confidence [B, S, h, w], of images of height x width pixels.
/// Weighted RANSAC, then least squares on all inliers, in double, on the CPU. The draws are those of upstream
/// after torch.manual_seed(seed), on every platform and for every view: equal rays give equal cameras. Throws
/// Error(DA3_E_NUMERIC) for a view whose rays describe no camera.
Cameras cameras_from_rays(const at::Tensor& ray, const at::Tensor& confidence, int64_t height, int64_t width,
                          uint64_t seed);

}  // namespace da3::net
