// SPDX-License-Identifier: Apache-2.0
// Against upstream's align_poses_umeyama (tests/data/io/make_alignment.py), and by what a similarity must
// satisfy.
#include "io/support.hpp"
#include "io/trajectories.hpp"

#include <da3/io/pose_alignment.hpp>

#include <checkpoint/safetensors.hpp>

#include <cmath>
#include <cstring>

namespace da3::io {
namespace {

using test::expect_error;
using test::Film;
using test::Random;

const checkpoint::SafetensorsFile& file() {
  static const auto opened =
      checkpoint::SafetensorsFile::open(test::data_dir / "io" / "alignment.safetensors");
  return opened;
}

std::vector<double> doubles(const std::string& name) {
  const auto& tensor = file().at(name);
  std::vector<double> values(tensor.bytes / sizeof(double));
  std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

Film film(const std::string& name) {
  const std::vector<double> values = doubles(name);
  Film result(values.size() / 16);
  for (size_t i = 0; i < values.size(); ++i) result[i / 16][i % 16] = values[i];
  return result;
}

test::Point centre(const Extrinsics& e) {
  const Extrinsics pose = test::inverse(e);
  return {pose[3], pose[7], pose[11]};
}

test::Point transformed(const PoseAlignment& a, const test::Point& p) {
  test::Point result = a.translation;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) result[i] += a.scale * a.rotation[3 * i + j] * p[j];
  return result;
}

double error(const PoseAlignment& a, const Extrinsics& reference, const Extrinsics& estimate) {
  const test::Point p = transformed(a, centre(estimate)), q = centre(reference);
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

/// The film as another program would give it: in another frame and unit.
Film in_other_frame(const Film& given, Random& random, double scale) {
  Film result = test::anywhere(given, random);
  for (Extrinsics& e : result) e[3] *= scale, e[7] *= scale, e[11] *= scale;
  return result;
}

void expect_exact(const PoseAlignment& a, const Film& reference, const Film& estimate,
                  double tolerance = 1e-9) {
  for (size_t i = 0; i < reference.size(); ++i) {
    EXPECT_LT(error(a, reference[i], estimate[i]), tolerance) << i;
    // Rotations too: camera-to-world of reference = rotation * that of estimate.
    for (size_t row = 0; row < 3; ++row)
      for (size_t column = 0; column < 3; ++column) {
        double value = 0;
        for (size_t k = 0; k < 3; ++k) value += a.rotation[3 * row + k] * estimate[i][4 * column + k];
        EXPECT_NEAR(value, reference[i][4 * column + row], tolerance) << i;
      }
  }
}

class Upstream : public testing::TestWithParam<std::string> {};

TEST_P(Upstream, similarity_is_the_same) {
  const std::string name = GetParam();
  const PoseAlignment a = align_poses(film(name + ".reference"), film(name + ".estimate"));
  const auto rotation = doubles(name + ".rotation"), translation = doubles(name + ".translation");
  EXPECT_TRUE(a.from_centres);
  EXPECT_NEAR(a.scale, doubles(name + ".scale")[0], 1e-10);
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(a.rotation[i], rotation[i], 1e-10);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(a.translation[i], translation[i], 1e-9);
}

INSTANTIATE_TEST_SUITE_P(AlignPoses, Upstream,
                         testing::Values("exact3", "exact5", "flat8", "noisy4", "noisy9", "outlier9",
                                         "mirrored6", "exact10", "outliers12"),
                         [](const auto& name) { return name.param; });

// With noise and from 10 views on, upstream's answer depends on which views it draws: ours must agree with at
// least as many views, as well.
TEST(AlignPoses, is_at_least_as_good_as_upstream_where_chance_decides) {
  for (const std::string name : {"noisy12", "outliers20"}) {
    const Film reference = film(name + ".reference"), estimate = film(name + ".estimate");
    PoseAlignment theirs;
    const auto rotation = doubles(name + ".rotation"), translation = doubles(name + ".translation");
    std::copy(rotation.begin(), rotation.end(), theirs.rotation.begin());
    std::copy(translation.begin(), translation.end(), theirs.translation.begin());
    theirs.scale = doubles(name + ".scale")[0];
    const PoseAlignment ours = align_poses(reference, estimate);
    double our_sum = 0, their_sum = 0;
    size_t inliers = 0;
    for (size_t i = 0; i < reference.size(); ++i) {
      if (!ours.inliers[i]) continue;
      ++inliers;
      our_sum += std::pow(error(ours, reference[i], estimate[i]), 2);
      their_sum += std::pow(error(theirs, reference[i], estimate[i]), 2);
    }
    EXPECT_LE(our_sum, their_sum) << name;
    EXPECT_GE(inliers, name == "noisy12" ? 10u : 14u);
    EXPECT_NEAR(ours.scale / theirs.scale, 1, 0.02);
  }
}

TEST(AlignPoses, a_known_similarity_is_found) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const size_t views = 3 + seed % 20;
    const Film reference = test::scattered(random, views);
    const double scale = std::exp(random.uniform(-5, 5));
    const Film estimate = in_other_frame(reference, random, scale);
    const PoseAlignment a = align_poses(reference, estimate);
    EXPECT_NEAR(a.scale * scale, 1, 1e-9);
    EXPECT_TRUE(a.from_centres);
    EXPECT_THAT(a.inliers, testing::Each(true));
    expect_exact(a, reference, estimate);
  }
}

TEST(AlignPoses, wrong_views_among_twelve_are_left_out) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    Film reference = test::scattered(random, 12);
    const Film estimate = in_other_frame(reference, random, 3);
    const size_t wrong = seed % 5;  // up to 4
    std::vector<bool> expected(12, true);
    for (size_t i = 0; i < wrong; ++i) {
      reference[i * 2] =
          test::camera(random, {9 * random.normal(), 9 * random.normal(), 9 * random.normal()}, 0, 0);
      expected[i * 2] = false;
    }
    const PoseAlignment a = align_poses(reference, estimate, seed);
    EXPECT_NEAR(a.scale * 3, 1, 1e-9) << seed;
    EXPECT_EQ(a.inliers, expected) << seed;
  }
}

TEST(AlignPoses, noise_is_averaged_not_sampled) {
  double ours = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    Film reference = test::scattered(random, 40);
    const Film estimate = in_other_frame(reference, random, 1);
    for (Extrinsics& e : reference)
      for (const size_t i : {3, 7, 11}) e[i] += 0.1 * random.normal();
    const PoseAlignment a = align_poses(reference, estimate);
    ours += std::pow(a.scale - 1, 2);
    EXPECT_GE(std::count(a.inliers.begin(), a.inliers.end(), true), 32);
  }
  // Least squares of all 40 has a deviation of about 0.1 / (3.3 * sqrt(40)) = 0.005.
  EXPECT_LT(std::sqrt(ours / 30), 0.008);
}

TEST(AlignPoses, views_of_one_place_do_not_outvote_the_walk) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Film reference = test::winding_walk(random, 12);
    for (int i = 0; i < 40; ++i)  // standing before the walk begins
      reference.push_back(test::camera(random, {0.01 * random.normal(), 0.01 * random.normal(), 0},
                                       random.uniform(0, 40), 0));
    const Film estimate = in_other_frame(reference, random, 7);
    for (size_t i = 0; i < reference.size(); ++i)
      for (const size_t k : {3, 7, 11}) reference[i][k] += (i < 12 ? 0.05 : 0.005) * random.normal();
    EXPECT_NEAR(align_poses(reference, estimate).scale * 7, 1, 0.05) << seed;
  }
}

TEST(AlignPoses, the_seed_decides_everything_else_nothing) {
  Random random(5);
  Film reference = test::scattered(random, 30);
  const Film estimate = in_other_frame(reference, random, 2);
  for (Extrinsics& e : reference) e[3] += 0.2 * random.normal();
  const PoseAlignment a = align_poses(reference, estimate), b = align_poses(reference, estimate, 42);
  EXPECT_EQ(a.rotation, b.rotation);
  EXPECT_EQ(a.translation, b.translation);
  EXPECT_EQ(a.scale, b.scale);
  const PoseAlignment other = align_poses(reference, estimate, 7);
  EXPECT_NEAR(other.scale / a.scale, 1, 0.02);
}

TEST(AlignPoses, moving_either_side_moves_the_result) {
  Random random(6);
  const Film reference = test::scattered(random, 8);
  Film estimate = in_other_frame(reference, random, 2);
  for (Extrinsics& e : estimate) e[7] += 0.1 * random.normal();
  const double scale = align_poses(reference, estimate).scale;
  EXPECT_NEAR(align_poses(in_other_frame(reference, random, 5), estimate).scale, 5 * scale, 1e-9);
  EXPECT_NEAR(align_poses(reference, in_other_frame(estimate, random, 5)).scale, scale / 5, 1e-9);
}

TEST(AlignPoses, one_view_has_its_own_rotation_and_scale_1) {
  Random random(7);
  const Film reference = test::scattered(random, 1), estimate = in_other_frame(reference, random, 3);
  const PoseAlignment a = align_poses(reference, estimate);
  EXPECT_EQ(a.scale, 1);
  EXPECT_FALSE(a.from_centres);
  expect_exact(a, reference, estimate);
}

TEST(AlignPoses, two_views_and_views_on_a_line_turn_as_their_cameras_do) {
  for (const size_t views : {2u, 3u, 9u, 15u}) {
    Random random(views);
    Film reference;
    for (size_t i = 0; i < views; ++i)
      reference.push_back(
          test::camera(random, {0, 0, static_cast<double>(i * i)}, random.uniform(0, 360), 10));
    const Film estimate = in_other_frame(reference, random, 4);
    const PoseAlignment a = align_poses(reference, estimate);
    EXPECT_FALSE(a.from_centres);
    EXPECT_NEAR(a.scale, 0.25, 1e-9);
    expect_exact(a, reference, estimate);
  }
}

TEST(AlignPoses, cameras_in_one_place_have_scale_1) {
  for (const size_t views : {2u, 5u, 12u}) {
    Random random(views);
    const Film reference = test::panorama(random, views), estimate = in_other_frame(reference, random, 1);
    EXPECT_EQ(align_poses(reference, estimate).scale, 1);
    expect_exact(align_poses(reference, estimate), reference, estimate);
    const Film spread = test::scattered(random, views);
    EXPECT_EQ(align_poses(spread, estimate).scale, 1);
    EXPECT_EQ(align_poses(estimate, spread).scale, 1);
  }
}

TEST(AlignPoses, bad_poses_are_refused) {
  Random random(1);
  const Film two = test::scattered(random, 2), three = test::scattered(random, 3);
  expect_error(DA3_E_SHAPE, "2 and 3", [&] { align_poses(two, three); });
  expect_error(DA3_E_INVALID, "no poses", [] { align_poses({}, {}); });
  Film bad = two;
  bad[1][5] = INFINITY;
  expect_error(DA3_E_NUMERIC, "view 2", [&] { align_poses(two, bad); });
}

std::vector<float> predicted_of(const Film& poses) {
  std::vector<float> result;
  for (const Extrinsics& e : poses)
    for (size_t i = 0; i < 12; ++i) result.push_back(static_cast<float>(e[i]));
  return result;
}

class AlignToGiven : public testing::TestWithParam<std::string> {};

// Upstream's reference is the prediction, its estimate what was given.
TEST_P(AlignToGiven, does_what_upstream_does) {
  const Film prediction = film(GetParam() + ".reference"), given = film(GetParam() + ".estimate");
  const double scale = doubles(GetParam() + ".scale")[0];
  std::vector<float> poses = predicted_of(prediction), depth(given.size() * 6, 2.0f);
  EXPECT_NEAR(align_to_given(poses, given, depth, true).scale, scale, 1e-5);
  EXPECT_EQ(poses, predicted_of(given));
  for (const float value : depth) EXPECT_NEAR(value, 2 / scale, 1e-5);
  poses = predicted_of(prediction);
  depth.assign(given.size() * 6, 2.0f);
  align_to_given(poses, given, depth, false);
  const auto expected = predicted_of(film(GetParam() + ".aligned"));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(poses[i], expected[i], 2e-5) << i;
  EXPECT_THAT(depth, testing::Each(2.0f));
}

INSTANTIATE_TEST_SUITE_P(AlignPoses, AlignToGiven,
                         testing::Values("exact3", "exact5", "noisy9", "outliers12"),
                         [](const auto& name) { return name.param; });

TEST(AlignPoses, aligning_to_given_refuses_spans_that_do_not_fit) {
  Random random(2);
  const Film given = test::scattered(random, 2);
  std::vector<float> poses = predicted_of(given), depth(5, 1.0f), none;
  expect_error(DA3_E_SHAPE, "24 values", [&] { align_to_given(poses, given, depth, true); });
  expect_error(DA3_E_SHAPE, "23 values",
               [&] { align_to_given(std::span(poses).first(23), given, none, true); });
  expect_error(DA3_E_INVALID, "no poses", [&] { align_to_given(none, {}, none, true); });
  EXPECT_NO_THROW(align_to_given(poses, given, none, true));
  EXPECT_THAT(depth, testing::Each(1.0f));
}

}  // namespace
}  // namespace da3::io
