// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/pose_alignment.hpp>

#include <cmath>

namespace da3::io {
namespace {

/// World-to-camera poses at x, turned about y: [N,3,4].
std::vector<float> path(const std::vector<double>& centres, double scale) {
  std::vector<float> values;
  for (const double x : centres) {
    const double angle = 0.1 * x, c = std::cos(angle), s = std::sin(angle), at = scale * x;
    for (const double value : {c, 0.0, s, -c * at, 0.0, 1.0, 0.0, 0.0, -s, 0.0, c, s * at})
      values.push_back(static_cast<float>(value));
  }
  return values;
}

std::vector<Extrinsics> given(const std::vector<float>& poses) {
  std::vector<Extrinsics> list(poses.size() / 12);
  for (size_t i = 0; i < list.size(); ++i) {
    std::copy_n(poses.begin() + static_cast<int64_t>(i * 12), 12, list[i].begin());
    list[i][15] = 1;
  }
  return list;
}

void expect_path(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5) << i;
}

const std::vector<double> places{0, 1, 2};

TEST(GaussianExtrinsics, are_the_predicted_ones_without_their_metres) {
  expect_path(gaussian_extrinsics(path(places, 1), {}, 1), path(places, 1));
  expect_path(gaussian_extrinsics(path(places, 5), {}, 5), path(places, 1));
  expect_path(gaussian_extrinsics(path(places, 2), {}, 0), path(places, 2));  // no scale
}

/// The network reads given poses with a median distance of 1: the third of three is at 2.
TEST(GaussianExtrinsics, take_the_scale_of_given_poses) {
  const auto poses = given(path(places, 700));
  expect_path(gaussian_extrinsics(path(places, 0.5), poses, 1), path(places, 1));
  expect_path(gaussian_extrinsics(path(places, 5), poses, 10), path(places, 1));
  expect_path(gaussian_extrinsics(path(places, 0.01), poses, 1), path(places, 0.03));  // held at 3
  expect_path(gaussian_extrinsics(path(places, 100), poses, 1), path(places, 100.0 / 3));
}

TEST(GaussianExtrinsics, of_cameras_in_one_place_keep_their_scale) {
  const auto poses = given(path(places, 7));
  expect_path(gaussian_extrinsics(path({1, 1, 1}, 2), poses, 1), path({1, 1, 1}, 2));
  expect_path(gaussian_extrinsics(path({3}, 2), given(path({1}, 1)), 1), path({3}, 2));
}

TEST(GaussianExtrinsics, refuse_lists_that_do_not_fit) {
  test::expect_error(DA3_E_SHAPE, "do not fit",
                     [] { gaussian_extrinsics(path(places, 1), given(path({1}, 1)), 1); });
}

}  // namespace
}  // namespace da3::io
