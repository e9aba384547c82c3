// SPDX-License-Identifier: Apache-2.0
// Lenses against pycolmap (tests/data/io/lenses.json, which make_lenses.py wrote), and pictures without their
// distortion.
#include "io/support.hpp"

#include <da3/io/cameras.hpp>
#include <da3/io/lens.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;

struct Camera {
  Lens lens;
  Intrinsics intrinsics{};
  std::vector<double> all;  ///< parameters as COLMAP writes them
};

nlohmann::json recorded() {
  return nlohmann::json::parse(test::read_bytes(test::data_dir / "io" / "lenses.json"));
}

Camera camera_of(const nlohmann::json& entry) {
  Camera camera;
  camera.lens.model = entry["model"];
  camera.all = entry["parameters"].get<std::vector<double>>();
  const std::set<std::string> one_focal{"SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "SIMPLE_RADIAL_FISHEYE",
                                        "RADIAL_FISHEYE"};
  const size_t focals = one_focal.contains(camera.lens.model) ? 1 : 2;
  const auto at = [&](size_t i) { return static_cast<float>(camera.all[i]); };
  camera.intrinsics = {at(0), 0, at(focals), 0, at(focals - 1), at(focals + 1), 0, 0, 1};
  camera.lens.parameters.assign(camera.all.begin() + static_cast<std::ptrdiff_t>(focals) + 2,
                                camera.all.end());
  return camera;
}

TEST(Lens, is_pycolmaps_for_each_model) {
  const auto data = recorded();
  std::set<std::string> models;
  for (const auto& entry : data["cameras"]) {
    const Camera camera = camera_of(entry);
    models.insert(camera.lens.model);
    for (size_t i = 0; i < data["rays"].size(); ++i) {
      const auto seen = distort(camera.lens, data["rays"][i][0], data["rays"][i][1]);
      const auto& k = camera.intrinsics;
      EXPECT_NEAR(k[0] * seen[0] + k[2], entry["pixels"][i][0].get<double>(), 1e-9) << camera.lens.model << i;
      EXPECT_NEAR(k[4] * seen[1] + k[5], entry["pixels"][i][1].get<double>(), 1e-9) << camera.lens.model << i;
    }
  }
  EXPECT_EQ(models.size(), 11u);
}

TEST(Lens, models_that_are_not_known_are_refused) {
  expect_error(DA3_E_UNSUPPORTED, "DIVISION", [] { distort({"DIVISION", {1}}, 0, 0); });
  expect_error(DA3_E_INVALID, "1 parameters", [] { distort({"RADIAL", {1}}, 0, 0); });
}

/// A scene that is smooth, so that interpolation loses nothing: what the ray (x, y, 1) shows.
double scene(double x, double y, size_t channel) {
  return 128 + 60 * std::sin(7 * x + static_cast<double>(channel)) + 50 * std::cos(6 * y - 3 * x);
}

/// What a camera without lens sees.
Image pinhole_picture(const Intrinsics& k, int64_t height, int64_t width) {
  Image image{height, width, {}};
  for (int64_t v = 0; v < height; ++v)
    for (int64_t u = 0; u < width; ++u)
      for (size_t channel = 0; channel < 3; ++channel)
        image.rgb.push_back(
            static_cast<uint8_t>(std::lround(scene((static_cast<double>(u) + 0.5 - k[2]) / k[0],
                                                   (static_cast<double>(v) + 0.5 - k[5]) / k[4], channel))));
  return image;
}

/// The ray that a lens shows at a place: Newton's method with numeric derivatives, from the place itself.
std::array<double, 2> ray_of(const Lens& lens, double x, double y) {
  std::array<double, 2> p{x, y};
  for (int i = 0; i < 50; ++i) {
    constexpr double h = 1e-6;
    const auto f = distort(lens, p[0], p[1]), a = distort(lens, p[0] + h, p[1]),
               b = distort(lens, p[0], p[1] + h);
    const double xx = (a[0] - f[0]) / h, yx = (a[1] - f[1]) / h, xy = (b[0] - f[0]) / h,
                 yy = (b[1] - f[1]) / h, det = xx * yy - xy * yx;
    const double dx = x - f[0], dy = y - f[1];
    p = {p[0] + (yy * dx - xy * dy) / det, p[1] + (xx * dy - yx * dx) / det};
  }
  return p;
}

/// What a camera with a lens sees.
Image lens_picture(const Camera& camera, int64_t height, int64_t width) {
  const auto& k = camera.intrinsics;
  Image image{height, width, {}};
  for (int64_t v = 0; v < height; ++v)
    for (int64_t u = 0; u < width; ++u) {
      const auto ray = ray_of(camera.lens, (static_cast<double>(u) + 0.5 - k[2]) / k[0],
                              (static_cast<double>(v) + 0.5 - k[5]) / k[4]);
      for (size_t channel = 0; channel < 3; ++channel)
        image.rgb.push_back(static_cast<uint8_t>(std::lround(scene(ray[0], ray[1], channel))));
    }
  return image;
}

TEST(Undistort, gives_what_a_pinhole_would_have_seen) {
  const auto data = recorded();
  for (const auto& entry : data["cameras"]) {
    Camera camera = camera_of(entry);
    // A quarter of the size, for speed.
    constexpr int64_t height = 120, width = 160;
    for (size_t i = 0; i < 6; ++i) camera.intrinsics[i] /= 4;
    const Image seen = lens_picture(camera, height, width);
    Intrinsics k = camera.intrinsics;
    const double zoom = undistortion_zoom(camera.lens, k, height, width);
    const Image result = undistort(seen, camera.lens, k);
    EXPECT_FLOAT_EQ(k[0], static_cast<float>(camera.intrinsics[0] * zoom));
    EXPECT_EQ(k[2], camera.intrinsics[2]);
    const Image expected = pinhole_picture(k, height, width);
    int worst = 0;
    for (size_t i = 0; i < expected.rgb.size(); ++i)
      worst = std::max(worst, std::abs(expected.rgb[i] - result.rgb[i]));
    EXPECT_LE(worst, 4) << camera.lens.model << " zoom " << zoom;
    if (camera.lens.distorts()) EXPECT_NE(seen.rgb, result.rgb) << camera.lens.model;
    // Everything is seen, and no more is cut off than must be.
    if (camera.lens.model == "SIMPLE_RADIAL") EXPECT_EQ(zoom > 1, camera.lens.parameters[0] > 0);
    if (camera.lens.model == "OPENCV_FISHEYE") EXPECT_EQ(zoom, 1);
  }
}

TEST(Undistort, a_lens_that_cannot_be_one_is_refused) {
  const Intrinsics k{500, 0, 320, 0, 500, 240, 0, 0, 1};
  expect_error(DA3_E_UNSUPPORTED, "folds", [&] {
    undistortion_zoom({"SIMPLE_RADIAL", {-2.5}}, k, 480, 640);
  });
  expect_error(DA3_E_UNSUPPORTED, "too small a part", [&] {
    undistortion_zoom({"SIMPLE_RADIAL", {40}}, k, 480, 640);
  });
}

/// A COLMAP text model of one image of 64x48 pixels.
fs::path model_of_one(const TempDir& dir, const std::string& camera) {
  test::write_text(dir / "cameras.txt", "1 " + camera + "\n");
  test::write_text(dir / "images.txt", "1 1 0 0 0 0 0 0 1 exif.jpg\n\n");
  return dir.path();
}

TEST(Undistort, cameras_bring_their_lenses_and_are_judged_before_pictures_are_read) {
  const TempDir dir;
  const fs::path picture = test::data_dir / "io" / "exif.jpg";  // 64x48
  const auto cameras = [&](const std::string& lens) {
    return cameras_for(read_cameras(model_of_one(dir, lens)), {picture});
  };
  const GivenCameras fisheye = cameras("OPENCV_FISHEYE 128 96 100 100 64 48 0.1 0 0 0");
  ASSERT_EQ(fisheye.lenses.size(), 1u);
  EXPECT_EQ(fisheye.lenses[0].model, "OPENCV_FISHEYE");
  EXPECT_THAT(fisheye.lenses[0].parameters, testing::ElementsAre(0.1, 0, 0, 0));
  EXPECT_EQ(fisheye.intrinsics[0][0], 50);  // the file is half as large
  EXPECT_THAT(fisheye.warnings, testing::IsEmpty());
  EXPECT_TRUE(cameras("OPENCV 64 48 50 50 32 24 0 0 0 0").lenses.empty());
  expect_error(DA3_E_UNSUPPORTED, "exif.jpg", [&] { cameras("SIMPLE_RADIAL 64 48 50 32 24 -2.5"); });
}

TEST(Undistort, views_are_loaded_without_distortion) {
  const fs::path picture = test::data_dir / "io" / "exif.jpg";
  const Intrinsics k{50, 0, 32, 0, 50, 24, 0, 0, 1};
  const Lens lens{"RADIAL_FISHEYE", {0.1, 0.02}};
  const Views plain = load_views({picture}, {56}, {k}), without = load_views({picture}, {56}, {k}, {lens});
  Image image = read_image(picture);
  Intrinsics own = k;
  image = undistort(image, lens, own);
  EXPECT_EQ(without.pixels, prepare_views({image}, {56}, {own}).pixels);
  EXPECT_EQ(without.intrinsics, prepare_views({image}, {56}, {own}).intrinsics);
  EXPECT_NE(without.pixels, plain.pixels);
  EXPECT_EQ(load_views({picture}, {56}, {k}, {Lens{}}).pixels, plain.pixels);
  expect_error(DA3_E_INVALID, "intrinsics", [&] { load_views({picture}, {56}, {}, {lens}); });
}

}  // namespace
}  // namespace da3::io
