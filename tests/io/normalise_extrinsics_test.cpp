// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"
#include "io/trajectories.hpp"

#include <da3/io/pose_alignment.hpp>

#include <checkpoint/safetensors.hpp>

#include <cmath>
#include <cstring>

namespace da3::io {
namespace {

using test::expect_error;

std::vector<float> floats(const checkpoint::TensorView& tensor) {
  std::vector<float> values(tensor.bytes / sizeof(float));
  std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

TEST(NormaliseExtrinsics, is_upstreams) {
  const auto data =
      checkpoint::SafetensorsFile::open(test::data_dir / "golden" / "tiny-posed" / "data.safetensors");
  const auto input = floats(data.at("input.extrinsics")), expected = floats(data.at("net.extrinsics"));
  std::vector<Extrinsics> poses(input.size() / 16);
  for (size_t i = 0; i < input.size(); ++i) poses[i / 16][i % 16] = double{input[i]};
  const std::vector<float> result = normalise_extrinsics(poses);
  ASSERT_EQ(result.size(), expected.size());
  for (size_t i = 0; i < result.size(); ++i) EXPECT_NEAR(result[i], expected[i], 1e-6) << i;
}

double distance(std::span<const float> matrix) {
  return std::hypot(std::hypot(double{matrix[3]}, double{matrix[7]}), double{matrix[11]});
}

TEST(NormaliseExtrinsics, the_first_is_the_identity_and_the_lower_median_distance_is_one) {
  for (const size_t views : {2u, 3u, 4u, 9u}) {
    test::Random random(views);
    const auto poses = test::anywhere(test::scattered(random, views), random);
    const std::vector<float> result = normalise_extrinsics(poses);
    for (size_t i = 0; i < 16; ++i) EXPECT_NEAR(result[i], i % 5 == 0 ? 1 : 0, 1e-6);
    std::vector<double> distances;
    for (size_t i = 0; i < views; ++i) distances.push_back(distance(std::span(result).subspan(i * 16, 16)));
    std::sort(distances.begin(), distances.end());
    // Of two, the lower is the first camera's own distance from itself.
    EXPECT_NEAR(distances[(views - 1) / 2], views > 2 ? 1 : 0, 1e-6);
  }
}

TEST(NormaliseExtrinsics, the_world_does_not_matter) {
  test::Random random(4);
  const auto poses = test::scattered(random, 7);
  const auto result = normalise_extrinsics(poses),
             other = normalise_extrinsics(test::anywhere(poses, random));
  for (size_t i = 0; i < result.size(); ++i) EXPECT_NEAR(result[i], other[i], 1e-5);
}

TEST(NormaliseExtrinsics, near_cameras_are_divided_by_a_tenth) {
  Extrinsics a{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, b = a;
  b[3] = 0.05;
  EXPECT_FLOAT_EQ(normalise_extrinsics(std::vector{a, b, b})[19], 0.5f);
  EXPECT_EQ(normalise_extrinsics(std::vector{b}).size(), 16u);
}

TEST(NormaliseExtrinsics, bad_poses_are_refused) {
  expect_error(DA3_E_INVALID, "no poses", [] { normalise_extrinsics({}); });
  expect_error(DA3_E_NUMERIC, "view 1", [] { normalise_extrinsics(std::vector{Extrinsics{NAN}}); });
}

}  // namespace
}  // namespace da3::io
