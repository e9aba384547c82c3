// SPDX-License-Identifier: Apache-2.0
// Cameras from rays that known cameras made.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <da3/error.hpp>

#include <numbers>

#include "net/ray_pose.hpp"
#include "random_cameras.hpp"

namespace da3::net {
namespace {

constexpr int64_t kRows = 40, kColumns = 56, kHeight = 70, kWidth = 98;

struct Truth {
  at::Tensor camera_to_world;  ///< [S, 3, 4]
  at::Tensor intrinsics;       ///< [S, 3, 3], principal point in the middle
  at::Tensor rays;             ///< [1, S, rows, columns, 6]
};

/// Views that look about along z, as the world's frame of a reference view has it.
Truth make_truth(std::mt19937_64& random, int64_t views) {
  Truth truth{at::empty({views, 3, 4}, at::kDouble), at::zeros({views, 3, 3}, at::kDouble), {}};
  std::vector<at::Tensor> rays;
  for (int64_t v = 0; v < views; ++v) {
    at::Tensor q = at::empty({4}, at::kDouble);
    for (int i = 0; i < 3; ++i) q.mutable_data_ptr<double>()[i] = test::uniform(random, -0.25, 0.25);
    q.mutable_data_ptr<double>()[3] = 1.0;
    const at::Tensor r = rotation_from_quaternion(q);
    at::Tensor t = at::empty({3, 1}, at::kDouble);
    for (int i = 0; i < 3; ++i) t.mutable_data_ptr<double>()[i] = test::uniform(random, -2, 2);
    truth.camera_to_world[v].copy_(at::cat({r, t}, -1));
    at::Tensor k = truth.intrinsics[v];
    k[0][0].fill_(test::uniform(random, 60, 140));
    k[1][1].fill_(test::uniform(random, 60, 140));
    k[0][2].fill_(kWidth / 2.0);
    k[1][2].fill_(kHeight / 2.0);
    k[2][2].fill_(1.0);
    const at::Tensor x = (at::arange(kColumns, at::kDouble) + 0.5) * (static_cast<double>(kWidth) / kColumns);
    const at::Tensor y = (at::arange(kRows, at::kDouble) + 0.5) * (static_cast<double>(kHeight) / kRows);
    const at::Tensor u = x.unsqueeze(0).expand({kRows, kColumns}),
                     w = y.unsqueeze(1).expand({kRows, kColumns});
    const at::Tensor pixels = at::stack({u, w, at::ones_like(u)}, -1);
    const at::Tensor direction = at::matmul(at::matmul(pixels, at::linalg_inv(k).t()), r.t());
    rays.push_back(at::cat({direction, t.view({1, 1, 3}).expand({kRows, kColumns, 3})}, -1));
  }
  truth.rays = at::stack(rays).unsqueeze(0).to(at::kFloat);
  return truth;
}

at::Tensor sure() { return at::ones({1, 1, kRows, kColumns}); }

void add_noise(at::Tensor& rays, double size, std::mt19937_64& random) {
  float* values = rays.mutable_data_ptr<float>();
  for (int64_t i = 0; i < rays.numel(); ++i)
    values[i] += static_cast<float>(test::uniform(random, -size, size));
}

double degrees_between(const at::Tensor& a, const at::Tensor& b) {
  const double trace = (a * b).sum().item<double>();
  return std::acos(std::min(1.0, (trace - 1) / 2)) * 180 / std::numbers::pi;
}

void expect_truth(const Cameras& cameras, const Truth& truth, double degrees, double relative) {
  for (int64_t v = 0; v < truth.camera_to_world.size(0); ++v) {
    const at::Tensor got = rigid_inverse(cameras.extrinsics[0][v].to(at::kDouble));
    const at::Tensor want = truth.camera_to_world[v];
    EXPECT_LE(degrees_between(got.narrow(-1, 0, 3), want.narrow(-1, 0, 3)), degrees) << "view " << v;
    EXPECT_LE(test::largest(got.select(-1, 3) - want.select(-1, 3)), 3 * relative) << "view " << v;
    EXPECT_LE(test::largest(cameras.intrinsics[0][v].to(at::kDouble) - truth.intrinsics[v]), 140 * relative)
        << "view " << v;
  }
}

TEST(RayPose, FindsTheCamerasThatMadeTheRays) {
  std::mt19937_64 random(1);
  const Truth truth = make_truth(random, 6);
  expect_truth(cameras_from_rays(truth.rays, sure().expand({1, 6, kRows, kColumns}), kHeight, kWidth, 0),
               truth, 0.02, 1e-3);
}

TEST(RayPose, TheLengthAndSignOfADirectionDoNotMatter) {
  std::mt19937_64 random(2);
  const Truth truth = make_truth(random, 2);
  at::Tensor rays = truth.rays.clone();
  rays.narrow(-1, 0, 3).mul_(-3.0);
  expect_truth(cameras_from_rays(rays, sure().expand({1, 2, kRows, kColumns}), kHeight, kWidth, 0), truth,
               0.02, 1e-3);
}

TEST(RayPose, StandsNoiseAndAThirdOfWildRays) {
  std::mt19937_64 random(3);
  const Truth truth = make_truth(random, 4);
  at::Tensor rays = truth.rays.clone(), confidence = sure().expand({1, 4, kRows, kColumns}).clone();
  add_noise(rays, 0.02, random);
  // Rays of the middle rows are wild, and the network is less sure of them.
  at::Tensor wild = rays.narrow(2, 13, 13);
  at::Tensor replacement = at::zeros(wild.sizes()) + 1.0;
  add_noise(replacement, 3.0, random);
  wild.narrow(-1, 0, 3).copy_(replacement.narrow(-1, 0, 3));
  confidence.narrow(2, 13, 13).fill_(0.5);
  expect_truth(cameras_from_rays(rays, confidence, kHeight, kWidth, 0), truth, 1.0, 0.02);
}

TEST(RayPose, DependsOnTheSeedAndOnNothingElse) {
  std::mt19937_64 random(4);
  Truth truth = make_truth(random, 3);
  add_noise(truth.rays, 0.3, random);
  const at::Tensor confidence = sure().expand({1, 3, kRows, kColumns});
  const Cameras first = cameras_from_rays(truth.rays, confidence, kHeight, kWidth, 7);
  const Cameras again = cameras_from_rays(truth.rays, confidence, kHeight, kWidth, 7);
  EXPECT_TRUE(at::equal(first.extrinsics, again.extrinsics));
  EXPECT_TRUE(at::equal(first.intrinsics, again.intrinsics));
  const Cameras other = cameras_from_rays(truth.rays, confidence, kHeight, kWidth, 8);
  EXPECT_FALSE(at::equal(first.extrinsics, other.extrinsics));
  const Cameras alone = cameras_from_rays(truth.rays.narrow(1, 1, 1), sure(), kHeight, kWidth, 7);
  EXPECT_TRUE(at::equal(first.extrinsics.narrow(1, 1, 1), alone.extrinsics));
}

TEST(RayPose, RaysWithoutACameraAreAnError) {
  const at::Tensor nothing = at::zeros({1, 1, kRows, kColumns, 6});
  try {
    cameras_from_rays(nothing, sure(), kHeight, kWidth, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_NUMERIC);
    EXPECT_NE(error.message().find("use_ray_pose"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace da3::net
