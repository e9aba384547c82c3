// SPDX-License-Identifier: Apache-2.0
#include "io/scene.hpp"

#include <da3/io/export.hpp>
#include <da3/io/image.hpp>

#include <cmath>

namespace da3::io {
namespace {

using test::data_dir;
using test::Scene;
using test::TempDir;

TEST(DepthVis, colours_are_matplotlibs_spectral) {
  const auto lut = test::read_bytes(data_dir / "io" / "spectral_256x3.u8");
  // 256 inverse depths over 0..255 with the 2nd and 98th percentile at exactly 0 and 255
  std::vector<float> depth;
  for (int i = 0; i < 256; ++i) depth.push_back(1.0f / (1000.0f + static_cast<float>(i)));
  for (int i = 0; i < 40; ++i) depth.insert(depth.end(), {1.0f / 1000.0f, 1.0f / 1255.0f});
  const auto colours = colour_depth(depth.data(), 1, static_cast<int64_t>(depth.size()));
  for (size_t i = 0; i < 256; ++i) {
    const double x = 1 - static_cast<double>(i) / 255;
    const size_t index = std::min<size_t>(255, static_cast<size_t>(x * 256 + 1e-3));
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(colours[i * 3 + c], lut[index * 3 + c]) << i << " " << index;
  }
}

TEST(DepthVis, a_map_has_upstreams_colours) {
  const Scene scene;
  const auto expected = test::read_bytes(data_dir / "io" / "depth_28x42.rgb");
  EXPECT_EQ(colour_depth(scene.depth.data(), 28, 42), expected);
}

TEST(DepthVis, flat_empty_and_odd_maps) {
  using testing::ElementsAre;
  const auto first = [](std::vector<float> depth) {
    auto colours = colour_depth(depth.data(), 1, static_cast<int64_t>(depth.size()));
    colours.resize(3);
    return colours;
  };
  EXPECT_THAT(first(std::vector<float>(196, 2.5f)), ElementsAre(254, 253, 187));
  EXPECT_THAT(first(std::vector<float>(196, 0.0f)), ElementsAre(254, 254, 190));
  std::vector<float> few(196, 0.0f);
  std::fill_n(few.begin(), 8, 3.0f);
  EXPECT_THAT(first(few), ElementsAre(158, 1, 66));
  EXPECT_THAT(first({NAN}), ElementsAre(0, 0, 0));
  EXPECT_NO_FATAL_FAILURE(first({INFINITY, -INFINITY, -1, 1e-45f, 3e38f, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(DepthVis, writes_image_and_depth_side_by_side) {
  const TempDir dir;
  Scene scene;
  std::fill(scene.images.begin(), scene.images.end(), uint8_t{200});
  const auto written = export_prediction({"depth_vis"}, dir.path(), scene.prediction);
  EXPECT_THAT(written, testing::ElementsAre(dir / "depth_vis/0000.jpg", dir / "depth_vis/0001.jpg"));
  EXPECT_EQ(test::files_below(dir.path()).size(), 2u);
  const Image picture = read_image(written[1]);
  ASSERT_EQ(picture.height, 28);
  ASSERT_EQ(picture.width, 84);
  for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(picture.rgb[30 + c], 199, 2);
  // View 1 grows farther from the first to the last row: red above, blue below.
  const uint8_t* top = &picture.rgb[63 * 3];
  const uint8_t* bottom = &picture.rgb[(27 * 84 + 63) * 3];
  EXPECT_GT(top[0], top[2] + 50);
  EXPECT_GT(bottom[2], bottom[0] + 30);
}

}  // namespace
}  // namespace da3::io
