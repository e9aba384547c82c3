// SPDX-License-Identifier: Apache-2.0
// 2-D rotary position embedding (RoFormer, https://arxiv.org/abs/2104.09864, one half of the channels for
// each axis).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace da3::net {

/// Cosines and sines of one rotation per token: [tokens, 1, 2 axes, d/4], broadcast over heads.
struct Rotation {
  at::Tensor cos, sin;
};

/// Rotations of a view's tokens: the camera token at (0, 0), patch (y, x) at (y + 1, x + 1).
Rotation local_rotation(int64_t rows, int64_t columns, int64_t head_dim, at::Device device);

/// In a global layer every patch carries the rotation of (1, 1) and the camera tokens none. A rotation that
/// all share cancels in q.k, so it is enough to turn the camera tokens back by it: [1, 1, 2, d/4].
Rotation camera_rotation(int64_t head_dim, at::Device device);

/// How the tokens of a block are turned before attention.
struct TokenRotation {
  const Rotation* every = nullptr;   ///< rotates all tokens; positions repeat per sequence
  const Rotation* camera = nullptr;  ///< rotates only each view's token 0
  int64_t tokens_per_view = 0;       ///< needed with camera
};

/// Rotates x [..., tokens, heads, d] in place.
void rotate_(at::Tensor& x, const Rotation& rotation);

}  // namespace da3::net
