// SPDX-License-Identifier: Apache-2.0
#include "io/every_format.hpp"

#include <da3/io/export.hpp>
#include <da3/io/image.hpp>
#include <da3/io/settings.hpp>

#include <nlohmann/json.hpp>

#include <cstring>

namespace da3::io {
namespace {

using test::every_format;
using test::expect_error;
using test::OrbitScene;
using test::PlainScene;
using test::TempDir;

std::string text_of(const fs::path& file) {
  const auto bytes = test::read_bytes(file);
  return {bytes.begin(), bytes.end()};
}

/// An image file of the given size, without an encoder: binary PPM is not read, so a BMP.
void write_bmp(const fs::path& file, int height, int width) {
  const auto row = static_cast<size_t>((width * 3 + 3) / 4 * 4);
  std::vector<uint8_t> bytes(54 + row * static_cast<size_t>(height), 100);
  const auto put = [&](size_t at, uint32_t value) { std::memcpy(&bytes[at], &value, 4); };
  bytes[0] = 'B', bytes[1] = 'M';
  put(2, static_cast<uint32_t>(bytes.size())), put(6, 0), put(10, 54), put(14, 40);
  put(18, static_cast<uint32_t>(width)), put(22, static_cast<uint32_t>(height)), put(26, 1 | 24u << 16);
  for (size_t at = 30; at < 54; at += 4) put(at, 0);
  test::write_bytes(file, bytes);
}

TEST(Formats, none_changes_what_another_writes) {
  const PlainScene scene;
  const TempDir together, alone, reversed;
  std::vector<std::string> formats = every_format();
  const ExportOptions options = test::options_with_videos();
  export_prediction(formats, together.path(), scene.prediction, options);
  for (const std::string& format : formats)
    export_prediction({format}, alone.path(), scene.prediction, options);
  std::reverse(formats.begin(), formats.end());
  export_prediction(formats, reversed.path(), scene.prediction, options);
  const auto files = test::files_below(together.path());
  EXPECT_EQ(files, test::files_below(alone.path()));
  EXPECT_EQ(files, test::files_below(reversed.path()));
  for (const std::string& file : files) {
    EXPECT_EQ(test::read_bytes(together / file), test::read_bytes(alone / file)) << file;
    EXPECT_EQ(test::read_bytes(together / file), test::read_bytes(reversed / file)) << file;
  }
}

TEST(Formats, every_file_is_told) {
  const PlainScene scene;
  const TempDir dir;
  std::vector<std::string> told;
  for (const fs::path& file :
       export_prediction(every_format(), dir.path(), scene.prediction, test::options_with_videos()))
    told.push_back(fs::relative(file, dir.path()).string());
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, test::files_below(dir.path()));
}

TEST(Formats, the_seed_decides_the_choice) {
  const PlainScene scene;
  const TempDir dir;
  ExportOptions options;
  options.num_max_points = 300;
  for (const auto& [name, seed] : {std::pair{"a", 1}, {"b", 1}, {"c", 2}}) {
    options.seed = static_cast<uint64_t>(seed);
    export_prediction({"glb", "ply"}, dir / name, scene.prediction, options);
  }
  for (const std::string file : {"scene.glb", "scene.ply"}) {
    EXPECT_EQ(test::read_bytes(dir / "a" / file), test::read_bytes(dir / "b" / file));
    EXPECT_NE(test::read_bytes(dir / "a" / file), test::read_bytes(dir / "c" / file));
  }
}

TEST(Formats, glb_without_cameras_has_one_mesh) {
  const PlainScene scene;
  const TempDir dir;
  ExportOptions options;
  options.show_cameras = false;
  export_prediction({"glb"}, dir.path(), scene.prediction, options);
  const std::string bytes = text_of(dir / "scene.glb");
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 12, 4);
  EXPECT_EQ(nlohmann::json::parse(bytes.substr(20, length)).at("meshes").size(), 1u);
}

TEST(Formats, ply_of_views_without_poses_is_a_file_for_each) {
  OrbitScene scene;
  scene.prediction.extrinsics = scene.prediction.confidence = {};
  const TempDir dir;
  export_prediction({"ply"}, dir.path(), scene.prediction);
  EXPECT_THAT(test::files_below(dir.path()),
              testing::ElementsAre("ply/0000.ply", "ply/0001.ply", "ply/0002.ply"));
}

TEST(Formats, needs_are_told_before_anything_is_written) {
  const TempDir dir;
  const auto refuse = [&](const std::string& format, const std::string& text, auto change) {
    PlainScene scene;
    change(scene.prediction);
    expect_error(DA3_E_INVALID, text, [&] {
      export_prediction({"raw", format}, dir.path(), scene.prediction);
    });
    EXPECT_TRUE(fs::is_empty(dir.path())) << format;
  };
  for (const std::string format : {"glb", "colmap", "colmap_text"})
    refuse(format, "use ply", [](auto& p) { p.extrinsics = {}; });
  for (const std::string format : {"glb", "colmap", "ply"})
    refuse(format, "focal length", [](auto& p) { p.intrinsics = {}; });
  for (const std::string format : {"gs_ply", "gs_video"})
    refuse(format, "gaussians", [](auto& p) { p.gaussians = {}; });
  refuse("gs_video", "poses", [](auto& p) { p.extrinsics = {}; });
  refuse("feat_vis", "--export-feat", [](auto& p) { p.features.clear(); });
  refuse("sheet", "images", [](auto& p) { p.images = {}; });
  refuse("glb", "images", [](auto& p) { p.images = {}; });
  refuse("colmap_text", "has a space or a line break", [](auto& p) { p.files.back() = "c d.jpg"; });
  refuse("colmap_text", "x y/0.jpg", [](auto& p) {
    p.files.front() = "z/0.jpg";
    p.files.back() = "x y/0.jpg";
  });
}

TEST(Formats, a_scene_without_a_point_is_an_error) {
  OrbitScene scene;
  std::fill(scene.depth.begin(), scene.depth.end(), 0.0f);
  for (const std::string format : {"glb", "ply", "colmap"}) {
    const TempDir dir;
    expect_error(DA3_E_NUMERIC, "no pixel",
                 [&] { export_prediction({format}, dir.path(), scene.prediction); });
    EXPECT_THAT(test::files_below(dir.path()), testing::IsEmpty());
  }
}

TEST(Formats, tracks_of_views_that_do_not_agree_are_an_error) {
  OrbitScene scene;
  scene.prediction.views = 1;
  scene.prediction.depth = scene.prediction.depth.first(28 * 42);
  scene.prediction.confidence = {}, scene.prediction.files.clear(), scene.prediction.original_sizes.clear();
  scene.prediction.images = scene.prediction.images.first(28 * 42 * 3);
  scene.prediction.extrinsics = scene.prediction.extrinsics.first(12);
  scene.prediction.intrinsics = scene.prediction.intrinsics.first(9);
  scene.prediction.gaussians = {};
  const TempDir dir;
  ExportOptions options;
  options.colmap_tracks = true;
  expect_error(DA3_E_NUMERIC, "--colmap-tracks",
               [&] { export_prediction({"colmap"}, dir.path(), scene.prediction, options); });
  EXPECT_THAT(test::files_below(dir.path()), testing::IsEmpty());
}

class OriginalSize : public testing::Test {
 protected:
  OriginalSize() {
    options_.original_size = true;
    scene_.prediction.files.clear();
    scene_.prediction.original_sizes = {{56, 84}, {56, 84}, {56, 84}};
    for (int i = 0; i < 3; ++i) {
      scene_.prediction.files.push_back(dir_ / ("photo" + std::to_string(i) + ".bmp"));
      write_bmp(scene_.prediction.files.back(), 56, 84);
    }
  }
  TempDir dir_;
  OrbitScene scene_;
  ExportOptions options_;
};

TEST_F(OriginalSize, maps_have_the_size_of_the_files) {
  export_prediction({"raw", "npz", "depth_vis", "tiff32"}, dir_ / "out", scene_.prediction, options_);
  EXPECT_EQ(test::read_bytes(dir_ / "out/raw/0000.bin").size(), 56u * 84u * 4u);
  const Image picture = read_image(dir_ / "out/depth_vis/0002.jpg");
  EXPECT_EQ(picture.height, 56);
  EXPECT_EQ(picture.width, 2 * 84);
}

TEST_F(OriginalSize, colmap_and_points_do_not_depend_on_it) {
  export_prediction({"colmap", "glb"}, dir_ / "original", scene_.prediction, options_);
  export_prediction({"colmap", "glb"}, dir_ / "processed", scene_.prediction);
  for (const std::string file : {"cameras.bin", "images.bin", "points3D.bin", "scene.glb"})
    EXPECT_EQ(test::read_bytes(dir_ / "original" / file), test::read_bytes(dir_ / "processed" / file));
}

TEST_F(OriginalSize, cut_views_and_mixed_sizes_are_refused) {
  scene_.prediction.original_sizes[1] = {56, 56};
  expect_error(DA3_E_SHAPE, "tiff32",
               [&] { export_prediction({"npz"}, dir_ / "out", scene_.prediction, options_); });
  scene_.prediction.uncut_sizes = {{28, 42}, {28, 42}, {28, 56}};
  expect_error(DA3_E_INVALID, "cut off",
               [&] { export_prediction({"raw"}, dir_ / "out", scene_.prediction, options_); });
  EXPECT_FALSE(fs::exists(dir_ / "out"));
}

}  // namespace
}  // namespace da3::io
