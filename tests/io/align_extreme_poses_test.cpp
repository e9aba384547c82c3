// SPDX-License-Identifier: Apache-2.0
// Poses far from the origin, in one place, and in units that no depth can have.
#include "io/support.hpp"
#include "io/trajectories.hpp"

#include <da3/io/pose_alignment.hpp>

#include <cmath>

namespace da3::io {
namespace {

using test::expect_error;
using test::Film;
using test::Random;

/// The film somewhere else: its cameras moved by `offset`, in another unit.
Film moved(const Film& film, double unit, const test::Point& offset) {
  Film result;
  for (const Extrinsics& e : film) {
    Extrinsics pose = test::inverse(e);
    for (size_t i = 0; i < 3; ++i) pose[4 * i + 3] = pose[4 * i + 3] * unit + offset[i];
    result.push_back(test::inverse(pose));
  }
  return result;
}

Film as_floats(Film film) {
  for (Extrinsics& e : film)
    for (double& value : e) value = static_cast<double>(static_cast<float>(value));
  return film;
}

constexpr test::Point utm{482113.37, 5432101.91, 312.5};

TEST(AlignExtremePoses, surveyed_coordinates_keep_their_scale) {
  Random random(1);
  const Film predicted = test::scattered(random, 6);
  for (const double unit : {0.05, 1.0, 30.0}) {
    const PoseAlignment a = align_poses(predicted, moved(predicted, unit, utm));
    EXPECT_TRUE(a.scale_known);
    EXPECT_TRUE(a.from_centres);
    EXPECT_NEAR(a.scale * unit, 1, 1e-6) << unit;
  }
}

TEST(AlignExtremePoses, surveyed_coordinates_as_floats_keep_what_is_left_of_it) {
  Random random(2);
  const Film predicted = test::scattered(random, 6);
  const PoseAlignment a = align_poses(predicted, as_floats(moved(predicted, 100, utm)));
  EXPECT_TRUE(a.scale_known);
  EXPECT_NEAR(a.scale * 100, 1, 0.05);
  // A spread of half the last digit says nothing.
  EXPECT_FALSE(align_poses(predicted, as_floats(moved(predicted, 0.01, utm))).scale_known);
}

TEST(AlignExtremePoses, one_place_tells_no_scale) {
  Random random(3);
  const Film spread = test::scattered(random, 5), place = test::panorama(random, 5);
  EXPECT_TRUE(align_poses(spread, spread).scale_known);
  EXPECT_FALSE(align_poses(spread, place).scale_known);
  EXPECT_FALSE(align_poses(place, spread).scale_known);
  EXPECT_FALSE(align_poses(Film(1, spread[0]), Film(1, spread[0])).scale_known);
}

TEST(AlignExtremePoses, units_that_no_depth_can_have_are_refused) {
  Random random(4);
  const Film predicted = test::scattered(random, 3);
  std::vector<float> poses, depth(6, 2.0f);
  for (const Extrinsics& e : predicted)
    for (size_t i = 0; i < 12; ++i) poses.push_back(static_cast<float>(e[i]));
  for (const double unit : {1e25, 1e-25}) {
    const Film given = moved(predicted, unit, {0, 0, 0});
    expect_error(DA3_E_NUMERIC, "unit", [&] { align_to_given(poses, given, depth, true); });
    EXPECT_THAT(depth, testing::Each(2.0f));
  }
}

}  // namespace
}  // namespace da3::io
