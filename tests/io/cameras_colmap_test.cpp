// SPDX-License-Identifier: Apache-2.0
// Against pycolmap: tests/data/io/colmap holds a model that it wrote, and the cameras that it reads from it.
#include "io/support.hpp"

#include <da3/io/cameras.hpp>

#include <nlohmann/json.hpp>

#include <cstring>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;

const fs::path folder = test::data_dir / "io" / "colmap";

class Model : public testing::TestWithParam<std::string> {};

TEST_P(Model, has_pycolmaps_cameras_in_the_order_of_its_file) {
  const GivenCameras cameras = read_cameras(folder / GetParam());
  EXPECT_THAT(cameras.names,
              testing::ElementsAre("left/0001.jpg", "right/0001.jpg", "my photo.jpg", "left/0002.png",
                                   "radial.jpg", "full.jpg", "left/0003.jpg"));
  const auto expected = nlohmann::json::parse(test::read_bytes(folder / "expected.json"));
  ASSERT_EQ(cameras.extrinsics.size(), 7u);
  ASSERT_EQ(cameras.intrinsics.size(), 7u);
  ASSERT_EQ(cameras.sizes.size(), 7u);
  for (size_t i = 0; i < 7; ++i) {
    const auto& camera = expected.at(cameras.names[i]);
    for (size_t row = 0; row < 3; ++row) {
      for (size_t column = 0; column < 4; ++column)
        EXPECT_NEAR(cameras.extrinsics[i][4 * row + column], camera["extrinsics"][row][column].get<double>(),
                    1e-12);
      for (size_t column = 0; column < 3; ++column)
        EXPECT_EQ(cameras.intrinsics[i][3 * row + column], camera["intrinsics"][row][column].get<float>());
    }
    EXPECT_EQ(cameras.sizes[i], (camera["size"].get<std::array<int64_t, 2>>()));
  }
  EXPECT_THAT(cameras.warnings, testing::IsEmpty());
  // my photo.jpg, radial.jpg, full.jpg; OPENCV with zeros is a pinhole.
  ASSERT_EQ(cameras.lenses.size(), 7u);
  std::vector<size_t> distorting;
  for (size_t i = 0; i < 7; ++i)
    if (cameras.lenses[i].distorts()) distorting.push_back(i);
  EXPECT_THAT(distorting, testing::ElementsAre(2, 4, 5));
  EXPECT_EQ(cameras.lenses[4].model, "RADIAL");
  EXPECT_THAT(cameras.lenses[4].parameters, testing::ElementsAre(0.01, -0.002));
}

INSTANTIATE_TEST_SUITE_P(CamerasColmap, Model, testing::Values("binary", "text"));

TEST(CamerasColmap, is_found_below_the_folder) {
  for (const std::string place : {"sparse/0", "sparse"}) {
    const TempDir dir;
    fs::create_directories(dir / place);
    fs::copy(folder / "binary", dir / place);
    EXPECT_EQ(read_cameras(dir.path()).names.size(), 7u) << place;
  }
  const TempDir dir;
  expect_error(DA3_E_INVALID, "sparse/0", [&] { read_cameras(dir.path()); });
  fs::copy_file(folder / "binary" / "cameras.bin", dir / "cameras.bin");
  fs::copy_file(folder / "text" / "images.txt", dir / "images.txt");
  expect_error(DA3_E_INVALID, "both .bin or both .txt", [&] { read_cameras(dir.path()); });
  expect_error(DA3_E_INVALID, "name the folder", [&] { read_cameras(folder / "text" / "images.txt"); });
}

/// A text model of one image for each camera line.
fs::path text_model(const TempDir& dir, const std::string& cameras, const std::string& images) {
  test::write_text(dir / "cameras.txt", cameras);
  test::write_text(dir / "images.txt", images);
  return dir.path();
}

TEST(CamerasColmap, unknown_models_are_refused_where_an_image_uses_them) {
  const TempDir dir;
  const std::string cameras = "1 PINHOLE 8 6 3 3 4 3\n2 NEW_MODEL 8 6 1 2 3\n3 FOV 8 6 3 3 4 3 0\n";
  EXPECT_EQ(read_cameras(text_model(dir, cameras, "1 1 0 0 0 0 0 0 1 a.jpg\n\n")).names.size(), 1u);
  EXPECT_TRUE(read_cameras(text_model(dir, cameras, "1 1 0 0 0 0 0 0 3 a.jpg\n\n")).lenses.empty());
  expect_error(DA3_E_UNSUPPORTED, "NEW_MODEL",
               [&] { read_cameras(text_model(dir, cameras, "1 1 0 0 0 0 0 0 2 a.jpg\n\n")); });
}

TEST(CamerasColmap, text_may_have_carriage_returns_comments_and_quaternions_of_any_length) {
  const TempDir dir;
  const GivenCameras cameras =
      read_cameras(text_model(dir, "# x\r\n\r\n1 PINHOLE 8 6 30 30 4 3\r\n",
                              "# y\r\n1 0 0 0 -2 1 2 3 1 a b.jpg \r\n1 2 -1\r\n2 1 0 0 0 0 0 0 1 b.jpg"));
  EXPECT_THAT(cameras.names, testing::ElementsAre("a b.jpg", "b.jpg"));
  EXPECT_EQ(cameras.extrinsics[0], (Extrinsics{-1, 0, 0, 1, 0, -1, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1}));
}

TEST(CamerasColmap, bad_text_is_refused) {
  const TempDir dir;
  const std::string camera = "1 PINHOLE 8 6 30 30 4 3\n", image = "1 1 0 0 0 0 0 0 1 a.jpg\n\n";
  const auto refuse = [&](const std::string& text, const std::string& cameras, const std::string& images) {
    expect_error(DA3_E_INVALID, text, [&] { read_cameras(text_model(dir, cameras, images)); });
  };
  refuse("line 1 of cameras.txt", "1 PINHOLE\n", image);
  refuse("no number", "1 PINHOLE 8 6 30 30 4 x\n", image);
  refuse("no number", "1 PINHOLE 8 6 30 30 4 nan\n", image);
  refuse("5 parameters", "1 PINHOLE 8 6 30 30 4 3 9\n", image);
  refuse("line 2", camera + camera, image);
  refuse("0x6 pixels", "1 PINHOLE 0 6 30 30 4 3\n", image);
  refuse("line 1 of images.txt", camera, "1 1 0 0 0 0 0 0 1\n\n");
  refuse("line 3 of images.txt", camera, image + "2 1 0 0 0 0 0 zero 1 b.jpg\n\n");
  refuse("no quaternion", camera, "1 0 0 0 0 0 0 0 1 a.jpg\n\n");
  refuse("camera 7", camera, "1 1 0 0 0 0 0 0 7 a.jpg\n\n");
  refuse("no cameras", camera, "# nothing\n");
  refuse("two cameras are of \"a.jpg\"", camera, image + image);
  refuse("not positive", "1 PINHOLE 8 6 -30 30 4 3\n", image);
  refuse("too long", camera, std::string(100000, '1'));
}

TEST(CamerasColmap, cut_and_changed_binaries_never_crash) {
  const TempDir dir;
  for (const std::string name : {"cameras.bin", "images.bin"}) {
    for (const std::string other : {"cameras.bin", "images.bin"})
      fs::copy_file(folder / "binary" / other, dir / other, fs::copy_options::overwrite_existing);
    const auto bytes = test::read_bytes(dir / name);
    for (size_t size = 0; size < bytes.size(); ++size) {
      test::write_bytes(dir / name, {bytes.begin(), bytes.begin() + static_cast<int64_t>(size)});
      expect_error(DA3_E_INVALID, "cut off", [&] { read_cameras(dir.path()); });
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      auto changed = bytes;
      changed[at] ^= 0xAA;
      test::write_bytes(dir / name, changed);
      try {
        read_cameras(dir.path());
      } catch (const Error& error) {
        EXPECT_NE(error.code(), DA3_E_INTERNAL) << error.message();
      }
    }
  }
}

TEST(CamerasColmap, counts_are_not_believed) {
  const TempDir dir;
  for (const std::string name : {"cameras.bin", "images.bin"}) {
    fs::copy(folder / "binary", dir.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    auto bytes = test::read_bytes(dir / name);
    std::fill_n(bytes.begin(), 8, uint8_t{0x7F});
    test::write_bytes(dir / name, bytes);
    expect_error(DA3_E_SHAPE, "the limit is 100000", [&] { read_cameras(dir.path()); });
  }
  fs::copy(folder / "binary", dir.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  auto bytes = test::read_bytes(dir / "cameras.bin");
  bytes[12] = 99;  // the first camera's model
  test::write_bytes(dir / "cameras.bin", bytes);
  expect_error(DA3_E_UNSUPPORTED, "unknown model 99", [&] { read_cameras(dir.path()); });
}

}  // namespace
}  // namespace da3::io
