// SPDX-License-Identifier: Apache-2.0
#include "formats/depth_scale.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace da3::io {
namespace {

using Rgb = std::array<uint8_t, 3>;

TEST(DepthScale, goes_by_the_logarithm_from_near_to_far) {
  const ColourMap& map = colour_map("spectral");
  const DepthScale scale(1, 16);
  EXPECT_EQ(scale.colour(1, map), map.front());
  EXPECT_EQ(scale.colour(0.01f, map), map.front());
  EXPECT_EQ(scale.colour(4.001f, map), map[128]);
  EXPECT_EQ(scale.colour(16, map), map.back());
  EXPECT_EQ(scale.colour(1e30f, map), map.back());
  EXPECT_EQ(scale.colour(INFINITY, map), map.back());
  for (const float nothing : {0.0f, -1.0f, NAN}) EXPECT_EQ(scale.colour(nothing, map), (Rgb{0, 0, 0}));
}

TEST(DepthScale, of_samples_leaves_a_hundredth_out_at_each_end) {
  std::vector<float> depth(2000, 0);  // half of it: nothing
  for (int i = 0; i < 1000; ++i) depth[static_cast<size_t>(i)] = std::exp(static_cast<float>(i) / 100);
  DepthSamples samples(1);
  samples.add(depth);
  const ColourMap& map = colour_map("spectral");
  EXPECT_EQ(samples.scale().colour(std::exp(0.09f), map), map.front());
  EXPECT_NE(samples.scale().colour(std::exp(0.3f), map), map.front());
  EXPECT_EQ(samples.scale().colour(std::exp(9.95f), map), map.back());
  EXPECT_NE(samples.scale().colour(std::exp(9.7f), map), map.back());
}

TEST(DepthScale, of_one_depth_or_none_is_a_colour_too) {
  const ColourMap& map = colour_map("spectral");
  DepthSamples one(1), none(1);
  one.add(std::vector<float>(9, 3.0f));
  none.add(std::vector<float>(9, 0.0f));
  EXPECT_NE(one.scale().colour(3, map), (Rgb{0, 0, 0}));
  EXPECT_EQ(none.scale().colour(0, map), (Rgb{0, 0, 0}));
}

TEST(DepthScale, keeps_not_more_than_four_million_samples) {
  DepthSamples samples(64);
  const std::vector<float> depth(1 << 18, 2.0f);  // 64 of them would be sixteen million
  for (int i = 0; i < 64; ++i) samples.add(depth);
  EXPECT_NE(samples.scale().colour(2, colour_map("spectral")), (Rgb{0, 0, 0}));
}

}  // namespace
}  // namespace da3::io
