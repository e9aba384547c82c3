// SPDX-License-Identifier: Apache-2.0
// The formats that write videos.
#include "io/every_format.hpp"

#include <map>

namespace da3::io {
namespace {

using test::expect_error;
using test::OrbitScene;
using test::TempDir;

struct Said {
  std::vector<std::string> warnings, infos;
  ExportWatch watch() {
    ExportWatch watch;
    watch.say = [this](bool warning, const std::string& text) {
      (warning ? warnings : infos).push_back(text);
    };
    return watch;
  }
};

TEST(VideosOut, without_a_library_feat_vis_has_pictures_and_says_so) {
  OrbitScene scene;
  scene.add_features(3);
  const TempDir dir;
  Said said;
  ExportOptions options;
  options.watch = said.watch();
  export_prediction({"feat_vis"}, dir.path(), scene.prediction, options);
  EXPECT_TRUE(fs::exists(dir / "feat_vis/feat_layer_3/000002.jpg"));
  EXPECT_FALSE(fs::exists(dir / "feat_vis/feat_layer_3.mp4"));
  ASSERT_EQ(said.warnings.size(), 1u);
  EXPECT_THAT(said.warnings[0], testing::HasSubstr("without its video"));
}

TEST(VideosOut, without_a_library_gs_video_is_refused_before_anything_is_written) {
  const OrbitScene scene;
  const TempDir dir;
  expect_error(DA3_E_UNSUPPORTED, "gs_ply", [&] {
    export_prediction({"raw", "gs_video"}, dir.path(), scene.prediction);
  });
  ExportOptions options;
  options.video_library = []() -> const VideoApi& { return open_video_library("/nowhere/libda3_video.so"); };
  expect_error(DA3_E_NOT_FOUND, "install the video part", [&] {
    export_prediction({"raw", "gs_video"}, dir.path(), scene.prediction, options);
  });
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

#ifdef DA3_HAS_VIDEO

struct Clip {
  int64_t frames = 0, height = 0, width = 0;
  double rate = 0;
  std::vector<uint8_t> first;
};

Clip read_clip(const fs::path& file) {
  const auto source = open_video_library().open_video(file, {.fps = 0});
  Clip clip{0, 0, 0, source->facts().frames_per_second, {}};
  for (Frame frame; source->next(frame); ++clip.frames) {
    clip.height = frame.image.height, clip.width = frame.image.width;
    if (clip.first.empty()) clip.first = frame.image.rgb;
  }
  return clip;
}

std::vector<uint8_t> part(const Clip& clip, int64_t left, int64_t width) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < clip.height; ++y)
    for (int64_t i = left * 3; i < (left + width) * 3; ++i)
      pixels.push_back(clip.first[static_cast<size_t>(y * clip.width * 3 + i)]);
  return pixels;
}

TEST(VideosOut, feat_vis_is_a_video_of_its_pictures) {
  OrbitScene scene;
  scene.add_features(3);
  Said said;
  for (const int64_t rate : {15, 3}) {
    const TempDir dir;
    ExportOptions options = test::options_with_videos();
    options.feat_vis_fps = rate;
    options.watch = said.watch();
    const auto files = export_prediction({"feat_vis"}, dir.path(), scene.prediction, options);
    EXPECT_THAT(files, testing::Contains(dir / "feat_vis/feat_layer_3.mp4"));
    const Clip clip = read_clip(dir / "feat_vis/feat_layer_3.mp4");
    EXPECT_EQ(clip.frames, 3);
    EXPECT_EQ(clip.rate, static_cast<double>(rate));
    EXPECT_EQ(clip.height, 28);
    EXPECT_EQ(clip.width, 84);
  }
  EXPECT_THAT(said.warnings, testing::IsEmpty());
  EXPECT_THAT(said.infos, testing::Each(testing::HasSubstr("yuv420p")));
  EXPECT_EQ(said.infos.size(), 2u);
}

class GsVideo : public testing::Test {
 protected:
  Clip fly(const std::string& trajectory, const std::string& depth = "hcat") {
    options_.gs_trajectory = trajectory, options_.gs_depth = depth;
    const auto files = export_prediction({"gs_video"}, dir_ / "out", scene_.prediction, options_);
    EXPECT_EQ(files.size(), 1u);
    name_ = files.front().filename().string();
    return read_clip(files.front());
  }
  /// Only the first view stays.
  void keep_one_view() {
    Prediction& p = scene_.prediction;
    const size_t pixels = 28 * 42;
    p.views = 1;
    p.depth = p.depth.first(pixels), p.confidence = p.confidence.first(pixels);
    p.images = p.images.first(pixels * 3);
    p.extrinsics = p.extrinsics.first(12), p.intrinsics = p.intrinsics.first(9);
    p.files.clear(), p.original_sizes.clear();
    Gaussians& g = p.gaussians;
    g.means = g.means.first(pixels * 3), g.scales = g.scales.first(pixels * 3);
    g.rotations = g.rotations.first(pixels * 4), g.harmonics = g.harmonics.first(pixels * 12);
    g.opacities = g.opacities.first(pixels);
  }
  OrbitScene scene_;
  TempDir dir_;
  ExportOptions options_ = test::options_with_videos();
  std::string name_;
};

TEST_F(GsVideo, has_upstreams_names_lengths_and_sizes) {
  const std::map<std::string, int64_t> lengths{{"extend", 121},     {"original", 3}, {"smooth", 3},
                                               {"interpolate", 47}, {"wander", 122}, {"dolly_zoom", 120}};
  for (const auto& [trajectory, frames] : lengths) {
    const Clip clip = fly(trajectory);
    EXPECT_EQ(clip.frames, frames) << trajectory;
    EXPECT_EQ(name_, "0000_" + trajectory + ".mp4");
    EXPECT_EQ(clip.rate, 24);
    EXPECT_EQ(clip.height, 28);
    EXPECT_EQ(clip.width, 2 * 42 + 8);
  }
}

TEST_F(GsVideo, depth_is_where_it_is_asked_for) {
  const Clip below = fly("original", "vcat"), none = fly("original", "none");
  EXPECT_EQ(below.height, 2 * 28 + 8);
  EXPECT_EQ(below.width, 42);
  EXPECT_EQ(none.height, 28);
  EXPECT_EQ(none.width, 42);
}

/// A red wall of gaussians before the first camera, seen in colours and depth, with white between.
TEST_F(GsVideo, shows_what_is_there) {
  keep_one_view();
  const float identity[] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  std::copy(std::begin(identity), std::end(identity), scene_.extrinsics.begin());
  for (size_t i = 0; i < 28 * 42; ++i) {
    const float x = static_cast<float>(i % 42) - 21, y = static_cast<float>(i / 42) - 14;
    for (const auto& [c, value] : {std::pair{0, x / 10}, {1, y / 10}, {2, 3.0f}}) {
      scene_.means[i * 3 + static_cast<size_t>(c)] = value;
      scene_.scales[i * 3 + static_cast<size_t>(c)] = 0.2f;
      for (size_t k = 0; k < 4; ++k) scene_.harmonics[(i * 3 + static_cast<size_t>(c)) * 4 + k] = 0;
      scene_.harmonics[(i * 3 + static_cast<size_t>(c)) * 4] = c == 0 ? 1.4f : -1.6f;
    }
    scene_.opacities[i] = 0.95f;
  }
  const Clip clip = fly("extend");
  EXPECT_EQ(name_, "0000_wander.mp4");
  EXPECT_EQ(clip.frames, 122);
  const auto colours = part(clip, 4, 34), white = part(clip, 44, 4);
  for (size_t i = 0; i < colours.size(); i += 3) {
    EXPECT_NEAR(colours[i], 0.9 * 255, 20) << i;
    EXPECT_LT(colours[i + 1], 40) << i;
    EXPECT_LT(colours[i + 2], 40) << i;
  }
  EXPECT_THAT(white, testing::Each(testing::Gt(225)));
}

/// Poses that were aligned are in another world than the gaussians.
TEST_F(GsVideo, is_seen_from_the_cameras_of_the_gaussians_world) {
  fly("original");
  const auto want = test::read_bytes(dir_ / "out/gs_video/0000_original.mp4");
  const std::vector<float> own = scene_.extrinsics;
  scene_.prediction.gaussians.extrinsics = own;
  for (size_t i = 3; i < scene_.extrinsics.size(); i += 4) scene_.extrinsics[i] += 10;
  fly("original");
  EXPECT_EQ(test::read_bytes(dir_ / "out/gs_video/0000_original.mp4"), want);
}

TEST_F(GsVideo, refuses_what_it_cannot_do_before_anything_is_written) {
  const auto refuse = [&](int32_t code, const std::string& text) {
    expect_error(code, text, [&] {
      export_prediction({"raw", "gs_video"}, dir_ / "out", scene_.prediction, options_);
    });
    EXPECT_FALSE(fs::exists(dir_ / "out"));
  };
  options_.gs_trajectory = "wobble_inter";
  refuse(DA3_E_INVALID, "needs 4 views");
  options_.gs_trajectory = "up";
  refuse(DA3_E_BAD_VALUE, "\"up\"");
  options_ = test::options_with_videos();
  options_.gs_depth = "above";
  refuse(DA3_E_BAD_VALUE, "\"above\"");
  options_ = test::options_with_videos();
  scene_.prediction.gaussians.harmonics = scene_.prediction.gaussians.harmonics.first(3 * 28 * 42 * 3 * 3);
  refuse(DA3_E_UNSUPPORTED, "3 harmonics");
}

TEST_F(GsVideo, tells_how_far_it_is_and_leaves_nothing_when_it_is_stopped) {
  std::vector<std::pair<uint64_t, uint64_t>> told;
  options_.watch.progress = [&](uint64_t done, uint64_t total, std::string_view stage) {
    told.emplace_back(done, total);
    EXPECT_EQ(stage, "rendering gaussians");
  };
  fly("interpolate");
  const uint64_t total = 47 + 6;  // six to know the colours of depth
  ASSERT_EQ(told.size(), total);
  for (size_t i = 0; i < total; ++i) EXPECT_EQ(told[i], std::make_pair(uint64_t{i}, total));
  fs::remove_all(dir_ / "out");
  options_.watch.should_cancel = [&] { return told.size() > total + 20; };
  expect_error(DA3_E_CANCELLED, "cancelled", [&] { fly("interpolate"); });
  EXPECT_THAT(test::files_below(dir_.path()), testing::IsEmpty());
}

#endif

}  // namespace
}  // namespace da3::io
