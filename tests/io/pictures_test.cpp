// SPDX-License-Identifier: Apache-2.0
// Pictures to look at: colour maps, contact sheets, scene.jpg.
#include "io/orbit_scene.hpp"

#include <da3/io/export.hpp>
#include <da3/io/image.hpp>
#include <da3/io/settings.hpp>

#include <map>

namespace da3::io {
namespace {

using test::expect_error;
using test::OrbitScene;
using test::TempDir;
using Rgb = std::array<int, 3>;

/// The colours of the nearest and the farthest of many depths.
std::pair<Rgb, Rgb> ends(std::string_view colormap) {
  std::vector<float> depth;
  for (int i = 0; i < 1000; ++i) depth.push_back(1.0f + 0.01f * static_cast<float>(i));
  const auto colours = colour_depth(depth.data(), 1, 1000, colormap);
  return {{colours[0], colours[1], colours[2]}, {colours[2997], colours[2998], colours[2999]}};
}

TEST(ColourMaps, near_and_far_are_the_ends_of_the_published_tables) {
  const std::map<std::string_view, std::pair<Rgb, Rgb>> expected{
      {"spectral", {{158, 1, 66}, {94, 79, 162}}}, {"turbo", {{122, 4, 3}, {48, 18, 59}}},
      {"viridis", {{253, 231, 37}, {68, 1, 84}}},  {"magma", {{252, 253, 191}, {0, 0, 4}}},
      {"inferno", {{252, 255, 164}, {0, 0, 4}}},   {"plasma", {{240, 249, 33}, {13, 8, 135}}},
      {"cividis", {{254, 232, 56}, {0, 34, 78}}},  {"jet", {{128, 0, 0}, {0, 0, 128}}},
      {"hot", {{255, 255, 255}, {0, 0, 0}}},       {"bone", {{255, 255, 255}, {0, 0, 0}}},
      {"gray", {{255, 255, 255}, {0, 0, 0}}}};
  ASSERT_EQ(expected.size(), colormaps.size());
  for (const Choice& choice : colormaps) {
    const auto [near, far] = ends(choice.name);
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(near[c], expected.at(choice.name).first[c], 3) << choice.name;
      EXPECT_NEAR(far[c], expected.at(choice.name).second[c], 3) << choice.name;
    }
  }
}

TEST(ColourMaps, an_unknown_name_is_refused_before_anything_is_written) {
  const OrbitScene scene;
  const TempDir dir;
  ExportOptions options;
  options.colormap = "rainbow";
  expect_error(DA3_E_BAD_VALUE, "viridis", [&] {
    export_prediction({"raw", "depth_vis"}, dir.path(), scene.prediction, options);
  });
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(ColourMaps, change_the_pictures_and_nothing_else) {
  const OrbitScene scene;
  const TempDir dir;
  ExportOptions options;
  options.colormap = "magma";
  export_prediction({"depth_vis", "glb"}, dir / "spectral", scene.prediction);
  export_prediction({"depth_vis", "glb"}, dir / "magma", scene.prediction, options);
  EXPECT_NE(test::read_bytes(dir / "spectral/depth_vis/0000.jpg"),
            test::read_bytes(dir / "magma/depth_vis/0000.jpg"));
  EXPECT_EQ(test::read_bytes(dir / "spectral/scene.glb"), test::read_bytes(dir / "magma/scene.glb"));
}

TEST(SceneJpg, is_the_first_picture_of_depth_vis) {
  const OrbitScene scene;
  const TempDir dir;
  export_prediction({"glb", "depth_vis"}, dir.path(), scene.prediction);
  EXPECT_EQ(test::read_bytes(dir / "scene.jpg"), test::read_bytes(dir / "depth_vis/0000.jpg"));
}

class Sheet : public testing::Test {
 protected:
  Image sheet(const Prediction& prediction) {
    export_prediction({"sheet"}, dir_.path(), prediction);
    return read_image(dir_ / "sheet.png");
  }
  static Rgb at(const Image& image, int64_t x, int64_t y) {
    const auto i = static_cast<size_t>((y * image.width + x) * 3);
    return {image.rgb[i], image.rgb[i + 1], image.rgb[i + 2]};
  }
  TempDir dir_;
  OrbitScene scene_;
};

/// Tiles of a small scene are not resized: their pixels are the maps'.
TEST_F(Sheet, shows_image_depth_and_confidence_of_each_view) {
  const Image image = sheet(scene_.prediction);
  const auto& p = scene_.prediction;
  constexpr int64_t gap = 6, label = 16;
  const int64_t cell_width = 3 * p.width + gap, cell_height = p.height + label + gap;
  const int64_t columns = (image.width - gap) / cell_width, rows = (image.height - gap) / cell_height;
  EXPECT_GE(columns * rows, p.views);
  EXPECT_EQ(image.width, gap + columns * cell_width);
  EXPECT_EQ(image.height, gap + rows * cell_height);
  for (int64_t view = 0; view < p.views; ++view) {
    const int64_t left = gap + view % columns * cell_width, top = gap + view / columns * cell_height;
    const auto pixels = static_cast<size_t>(p.height * p.width);
    const auto colours = colour_depth(&scene_.depth[static_cast<size_t>(view) * pixels], p.height, p.width);
    for (int64_t y = 0; y < p.height; ++y)
      for (int64_t x = 0; x < p.width; ++x) {
        const auto i = static_cast<size_t>(y * p.width + x);
        const auto all = static_cast<size_t>(view) * pixels + i;
        for (size_t c = 0; c < 3; ++c) {
          ASSERT_EQ(at(image, left + x, top + y)[c], export_table()[c][scene_.images[all * 3 + c]]);
          ASSERT_EQ(at(image, left + p.width + x, top + y)[c], colours[i * 3 + c]);
        }
        const Rgb sure = at(image, left + 2 * p.width + x, top + y);
        ASSERT_TRUE(sure[0] == sure[1] && sure[1] == sure[2]);
      }
    int lettered = 0;
    for (int64_t y = top + p.height; y < top + p.height + label; ++y)
      for (int64_t x = left; x < left + 3 * p.width; ++x) lettered += at(image, x, y)[0] > 150;
    EXPECT_GT(lettered, 10) << "no name below view " << view;
  }
}

TEST_F(Sheet, without_confidence_has_two_pictures_a_view) {
  const Image three = sheet(scene_.prediction);
  scene_.prediction.confidence = {};
  const Image two = sheet(scene_.prediction);
  EXPECT_LT(two.width * two.height, three.width * three.height);
}

TEST_F(Sheet, names_of_any_letters_are_drawn_within_their_cell) {
  scene_.prediction.files = {"/p/\xC3\xA4\xE6\xB7\xB1.jpg", "/p/" + std::string(200, 'x') + ".jpg",
                             "/p/a\nb.jpg"};
  const Image image = sheet(scene_.prediction);
  EXPECT_GT(image.width, 0);
}

/// However many views there are.
TEST_F(Sheet, is_bounded) {
  constexpr int64_t views = 6000, side = 70;
  std::vector<float> depth(static_cast<size_t>(views * side * side), 1.0f);
  std::vector<uint8_t> images(depth.size() * 3, 90);
  Prediction many;
  many.views = views, many.height = many.width = side;
  many.depth = depth, many.images = images;
  const Image image = sheet(many);
  EXPECT_LE(image.width * image.height, int64_t{1} << 24);
  EXPECT_GT(image.width * image.height, int64_t{1} << 23);
  const double shape = static_cast<double>(image.width) / static_cast<double>(image.height);
  EXPECT_GT(shape, 0.8);
  EXPECT_LT(shape, 1.25);
}

}  // namespace
}  // namespace da3::io
