// SPDX-License-Identifier: Apache-2.0
// Camera geometry by its properties.
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_det.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "net/gaussians.hpp"
#include "random_cameras.hpp"

namespace da3::net {
namespace {

using test::largest;

TEST(Camera, QuaternionsGiveRotations) {
  std::mt19937_64 random(1);
  const at::Tensor r = rotation_from_quaternion(test::random_quaternions(random, 500));
  EXPECT_LE(largest(at::matmul(r, r.transpose(-1, -2)) - at::eye(3, at::kDouble)), 1e-12);
  EXPECT_LE(largest(at::linalg_det(r) - 1.0), 1e-12);
}

TEST(Camera, TheLengthOfAQuaternionDoesNotMatter) {
  std::mt19937_64 random(2);
  const at::Tensor q = test::random_quaternions(random, 100);
  EXPECT_LE(largest(rotation_from_quaternion(q * 7.5) - rotation_from_quaternion(q)), 1e-12);
}

TEST(Camera, RotationsAndQuaternionsGoBothWays) {
  std::mt19937_64 random(3);
  const at::Tensor r = rotation_from_quaternion(test::random_quaternions(random, 2000));
  const at::Tensor q = quaternion_from_rotation(r);
  EXPECT_GE(q.select(-1, 3).min().item<double>(), 0.0);
  EXPECT_LE(largest(rotation_from_quaternion(q) - r), 1e-12);
}

TEST(Camera, HalfTurnsKeepTheirAxis) {
  // The trace is -1 there: a formula that divides by the real part alone fails.
  const at::Tensor axes = at::stack(
      {at::tensor({1.0, 0.0, 0.0, 0.0}, at::kDouble), at::tensor({0.0, 1.0, 0.0, 0.0}, at::kDouble),
       at::tensor({0.0, 0.0, 1.0, 0.0}, at::kDouble), at::tensor({0.6, 0.0, 0.8, 0.0}, at::kDouble)});
  const at::Tensor r = rotation_from_quaternion(axes);
  EXPECT_LE(largest(rotation_from_quaternion(quaternion_from_rotation(r)) - r), 1e-12);
}

TEST(Camera, AnInverseIsUndoneByThePose) {
  std::mt19937_64 random(4);
  const at::Tensor pose = test::random_poses(random, 200), inverse = rigid_inverse(pose);
  EXPECT_LE(largest(rigid_inverse(inverse) - pose), 1e-12);
  // pose(inverse(x)) = x, so the rotations cancel and the translations too.
  const at::Tensor r = pose.narrow(-1, 0, 3);
  EXPECT_LE(largest(at::matmul(r, inverse.narrow(-1, 0, 3)) - at::eye(3, at::kDouble)), 1e-12);
  EXPECT_LE(largest(at::matmul(r, inverse.narrow(-1, 3, 1)) + pose.narrow(-1, 3, 1)), 1e-12);
}

/// World-to-camera poses whose world is turned, moved and scaled.
at::Tensor moved(const at::Tensor& pose, double scale, std::mt19937_64& random) {
  const at::Tensor motion = test::random_poses(random, 1)[0];
  const at::Tensor centre = rigid_inverse(pose).narrow(-1, 3, 1);
  const at::Tensor r = motion.narrow(-1, 0, 3);
  const at::Tensor new_centre = at::matmul(r, centre) * scale + motion.narrow(-1, 3, 1);
  const at::Tensor rotation = at::matmul(pose.narrow(-1, 0, 3), r.t());
  return rigid_inverse(rigid_inverse(at::cat({rotation, -at::matmul(rotation, new_centre)}, -1)));
}

TEST(PoseScale, IsFoundWhateverTheWorldsFrame) {
  std::mt19937_64 random(5);
  for (const double scale : {0.4, 1.0, 2.9}) {
    const at::Tensor predicted = test::random_poses(random, 7);
    EXPECT_NEAR(pose_scale(moved(predicted, scale, random), predicted), scale, 1e-9);
  }
}

TEST(PoseScale, IsHeldBetweenAThirdAndThree) {
  std::mt19937_64 random(6);
  const at::Tensor predicted = test::random_poses(random, 7);
  EXPECT_EQ(pose_scale(moved(predicted, 20.0, random), predicted), 3.0);
  EXPECT_EQ(pose_scale(moved(predicted, 0.01, random), predicted), 1.0 / 3.0);
}

TEST(PoseScale, IsThatOfTheBaselineForTwoViews) {
  std::mt19937_64 random(7);
  const at::Tensor predicted = test::random_poses(random, 2);
  EXPECT_NEAR(pose_scale(moved(predicted, 2.0, random), predicted), 2.0, 1e-9);
}

TEST(PoseScale, IsOneForOneView) {
  std::mt19937_64 random(8);
  const at::Tensor predicted = test::random_poses(random, 1);
  EXPECT_EQ(pose_scale(moved(predicted, 2.0, random), predicted), 1.0);
}

}  // namespace
}  // namespace da3::net
