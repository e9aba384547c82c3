// SPDX-License-Identifier: Apache-2.0
#include "net/camera.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

namespace da3::net {

namespace {

constexpr double kNormEps = 1e-5;
constexpr int64_t kEncoderHeads = 16, kEncoderBlocks = 4;

/// Focal length in pixels of a field of view over an extent.
at::Tensor focal(const at::Tensor& field_of_view, int64_t extent) {
  return (field_of_view / 2.0).tan().clamp_min(1e-6).reciprocal() * (static_cast<double>(extent) / 2.0);
}

at::Tensor field_of_view(const at::Tensor& focal_length, int64_t extent) {
  return (focal_length.reciprocal() * (static_cast<double>(extent) / 2.0)).atan() * 2.0;
}

}  // namespace

at::Tensor rotation_from_quaternion(const at::Tensor& quaternion) {
  const auto q = quaternion.unbind(-1);
  const at::Tensor &i = q[0], &j = q[1], &k = q[2], &r = q[3];
  const at::Tensor s = quaternion.square().sum(-1).reciprocal() * 2.0;
  const at::Tensor rows = at::stack({1 - s * (j * j + k * k), s * (i * j - k * r), s * (i * k + j * r),
                                     s * (i * j + k * r), 1 - s * (i * i + k * k), s * (j * k - i * r),
                                     s * (i * k - j * r), s * (j * k + i * r), 1 - s * (i * i + j * j)},
                                    -1);
  return rows.unflatten(-1, {3, 3});
}

at::Tensor quaternion_from_rotation(const at::Tensor& rotation) {
  const auto m = [&](int64_t row, int64_t column) { return rotation.select(-2, row).select(-1, column); };
  // Twice each component's size; the largest is used to divide, so that nothing cancels (Shepperd's method).
  const at::Tensor size = at::stack({1.0 + m(0, 0) + m(1, 1) + m(2, 2), 1.0 + m(0, 0) - m(1, 1) - m(2, 2),
                                     1.0 - m(0, 0) + m(1, 1) - m(2, 2), 1.0 - m(0, 0) - m(1, 1) + m(2, 2)},
                                    -1)
                              .clamp_min(0.0)
                              .sqrt();
  const auto square = [&](int64_t component) { return size.select(-1, component).square(); };
  const at::Tensor x = m(2, 1) - m(1, 2), y = m(0, 2) - m(2, 0), z = m(1, 0) - m(0, 1);
  const at::Tensor xy = m(1, 0) + m(0, 1), xz = m(0, 2) + m(2, 0), yz = m(1, 2) + m(2, 1);
  const at::Tensor candidates =
      at::stack({at::stack({x, y, z, square(0)}, -1), at::stack({square(1), xy, xz, x}, -1),
                 at::stack({xy, square(2), yz, y}, -1), at::stack({xz, yz, square(3), z}, -1)},
                -2) /
      (size.clamp_min(0.1) * 2.0).unsqueeze(-1);
  const at::Tensor largest = size.argmax(-1, /*keepdim=*/true).unsqueeze(-1);
  std::vector<int64_t> shape = largest.sizes().vec();
  shape.back() = 4;
  const at::Tensor quaternion = candidates.gather(-2, largest.expand(shape)).squeeze(-2);
  return at::where(quaternion.narrow(-1, 3, 1) < 0, -quaternion, quaternion);
}

at::Tensor rigid_inverse(const at::Tensor& pose) {
  // Contiguous: Metal's products of strided operands were wrong before.
  const at::Tensor rotation = pose.narrow(-1, 0, 3).transpose(-1, -2).contiguous();
  return at::cat({rotation, -at::matmul(rotation, pose.narrow(-1, 3, 1).contiguous())}, -1);
}

CameraDecoder::CameraDecoder(const WeightReader& weights)
    : hidden1_(weights.linear("backbone.0")),
      hidden2_(weights.linear("backbone.2")),
      translation_(weights.linear("fc_t")),
      rotation_(weights.linear("fc_qvec")),
      field_of_view_(weights.linear("fc_fov.0")) {}

Cameras CameraDecoder::run(const at::Tensor& tokens, int64_t height, int64_t width,
                           const Kernels& kernels) const {
  const at::Tensor hidden =
      kernels.linear(kernels.linear(tokens, hidden1_, Activation::relu), hidden2_, Activation::relu);
  const at::Tensor translation = kernels.linear(hidden, translation_);
  const at::Tensor rotation = rotation_from_quaternion(kernels.linear(hidden, rotation_));
  const at::Tensor fields = kernels.linear(hidden, field_of_view_, Activation::relu);  // vertical, horizontal
  Cameras cameras;
  cameras.extrinsics = rigid_inverse(at::cat({rotation, translation.unsqueeze(-1)}, -1));
  cameras.intrinsics = at::zeros({tokens.size(0), tokens.size(1), 3, 3}, tokens.options());
  const auto entry = [&](int64_t row, int64_t column) {
    return cameras.intrinsics.select(-2, row).select(-1, column);
  };
  entry(0, 0).copy_(focal(fields.select(-1, 1), width));
  entry(1, 1).copy_(focal(fields.select(-1, 0), height));
  entry(0, 2).fill_(static_cast<double>(width) / 2.0);
  entry(1, 2).fill_(static_cast<double>(height) / 2.0);
  entry(2, 2).fill_(1.0);
  return cameras;
}

CameraEncoder::CameraEncoder(const WeightReader& weights)
    : expand_(weights.linear("pose_branch.fc1")),
      contract_(weights.linear("pose_branch.fc2")),
      token_norm_(weights.norm("token_norm", kNormEps)),
      trunk_norm_(weights.norm("trunk_norm", kNormEps)) {
  for (int64_t i = 0; i < kEncoderBlocks; ++i)
    trunk_.emplace_back(weights.below("trunk." + std::to_string(i) + "."),
                        Block::Shape{kEncoderHeads, false, checkpoint::FeedForward::mlp, kNormEps});
}

at::Tensor CameraEncoder::run(const at::Tensor& extrinsics, const at::Tensor& intrinsics, int64_t height,
                              int64_t width, const Kernels& kernels) const {
  const at::Tensor pose = rigid_inverse(extrinsics.narrow(-2, 0, 3));  // camera to world
  const auto focal_length = [&](int64_t axis) {
    return intrinsics.select(-2, axis).select(-1, axis).unsqueeze(-1);
  };
  const at::Tensor encoding =
      at::cat({pose.select(-1, 3), quaternion_from_rotation(pose.narrow(-1, 0, 3)),
               field_of_view(focal_length(1), height), field_of_view(focal_length(0), width)},
              -1);
  const at::Tensor hidden = kernels.linear(encoding, expand_, Activation::gelu);
  at::Tensor tokens = kernels.layer_norm(kernels.linear(hidden, contract_), token_norm_);
  for (const Block& block : trunk_) block.run(tokens, {}, kernels);
  return kernels.layer_norm(tokens, trunk_norm_);
}

}  // namespace da3::net
