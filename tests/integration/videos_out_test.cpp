// SPDX-License-Identifier: Apache-2.0
// gs_video and the video of feat_vis, from the command line to the file.
#include <csignal>
#include <da3/io/open.hpp>

#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct Clip {
  int64_t frames = 0, height = 0, width = 0;
  double rate = 0, contrast = 0;  ///< brightest less darkest value of the first picture's left half
};

Clip read_clip(const std::filesystem::path& file) {
  const auto source = io::open_video_library().open_video(file, {.fps = 0});
  Clip clip;
  clip.rate = source->facts().frames_per_second;
  for (io::Frame frame; source->next(frame); ++clip.frames) {
    clip.height = frame.image.height, clip.width = frame.image.width;
    if (clip.frames > 0) continue;
    const auto& rgb = frame.image.rgb;
    const auto end = rgb.begin() + static_cast<std::ptrdiff_t>(clip.width / 3 * 3);
    const auto [low, high] = std::minmax_element(rgb.begin(), end);
    clip.contrast = *high - *low;
  }
  return clip;
}

class VideosOut : public CpuHostTest {
 protected:
  explicit VideosOut(const char* name = "tiny-giant-gs") : golden_(name) { write_views(golden_); }

  Words words(const Words& more = {}) const {
    Words words = words_for(golden_);
    words.pop_back();  // -q
    words.insert(words.end(), {"-o", "out"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  GoldenCase golden_;
};

TEST_F(VideosOut, GsVideoIsAFlightThroughTheGaussians) {
  const auto result = cpu(words({"--format", "gs_video-gs_ply", "--progress", "json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(json_of("out/run.json")["scenes"][0]["outputs"], Contains("gs_video/0000_extend.mp4"));
  EXPECT_TRUE(there("out/gs_ply/0000.ply"));
  EXPECT_THAT(result.err, HasSubstr("\"stage\":\"rendering gaussians\""));
  const Clip clip = read_clip(in("out/gs_video/0000_extend.mp4"));
  EXPECT_EQ(clip.frames, 48 + 38 + 36);  // the way, the circle and the zoom
  EXPECT_EQ(clip.rate, 24);
  EXPECT_EQ(clip.height, 56);
  EXPECT_EQ(clip.width, 70 + 8 + 70);
  EXPECT_GT(clip.contrast, 20);
}

TEST_F(VideosOut, GsVideoByItsOptions) {
  const auto result = cpu(words({"--format", "gs_video", "--gs-trajectory", "original", "--gs-depth", "none",
                                 "--mode", "independent", "-v"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("yuv420p"));  // what encoded it
  for (const char* scene : {"0", "1"}) {          // of one view the circle
    const Clip clip = read_clip(in("out") / scene / "gs_video/0000_wander.mp4");
    EXPECT_EQ(clip.frames, 122);
    EXPECT_EQ(clip.width, 70);
  }
  EXPECT_EQ(cpu(words({"--format", "gs_video", "--gs-trajectory", "up"})).exit_code, 2);
}

/// Given poses move what is written, not the flight: gaussians stay in the network's world.
TEST_F(VideosOut, GsVideoWithGivenPoses) {
  const GoldenCase posed("tiny-giant-posed");
  write_views(posed, "posed");
  CameraList given;
  given.extrinsics = posed.floats("input.extrinsics");
  given.intrinsics = posed.floats("input.intrinsics");
  folder_.write("a.json", cameras_json(given).dump());
  for (size_t i = 3; i < given.extrinsics.size(); i += 4)
    if (i % 16 < 12) given.extrinsics[i] *= 50;  // the same path in another unit
  folder_.write("b.json", cameras_json(given).dump());
  for (const char* name : {"a", "b"}) {
    Words words = words_for(posed);
    words[0] = "posed";
    words.insert(words.end(), {"-o", name, "--format", "gs_video", "--poses", std::string(name) + ".json"});
    const auto result = cpu(words);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  const Clip a = read_clip(in("a/gs_video/0000_extend.mp4")), b = read_clip(in("b/gs_video/0000_extend.mp4"));
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_EQ(a.frames, 3 * 16 - 2 + 38 + 36);
  EXPECT_GT(a.contrast, 20);
  EXPECT_NEAR(a.contrast, b.contrast, 10);
}

TEST_F(VideosOut, ASecondSignalStopsTheFlightAndLeavesNothing) {
  ProgramOptions options{.environment = {"DA3_PLUGIN_PATH="}};
  options.signals = {{"rendering gaussians", SIGINT}, {"once more stops it now", SIGINT}};
  Words all = words({"--format", "gs_video", "--progress", "json", "--backend", "cpu"});
  *(std::find(all.begin(), all.end(), "--process-res") + 1) = "504";
  const auto result = host(all, options);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_FALSE(there("out/gs_video/0000_extend.mp4"));
  if (there("out/gs_video")) {
    EXPECT_TRUE(std::filesystem::is_empty(in("out/gs_video")));
  }
}

TEST_F(VideosOut, FeatVisByDa3WithItsRate) {
  const Words all{
      "images",          "views",    "--model-dir",   checkpoint_folder(golden_.checkpoint).string(),
      "--device",        "cpu",      "--export-dir",  "out",
      "--export-format", "feat_vis", "--export-feat", "3",
      "--feat-vis-fps",  "3",        "--process-res", "70"};
  ProgramOptions options{.environment = {"DA3_PLUGIN_PATH="}};
  options.folder = folder_.path();
  const auto result = run_program(DA3_FRONT_PROGRAM, all, options);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Clip clip = read_clip(in("out/feat_vis/feat_layer_3.mp4"));
  EXPECT_EQ(clip.frames, 2);
  EXPECT_EQ(clip.rate, 3);
  EXPECT_EQ(clip.width, 140);
  EXPECT_EQ(clip.height, 56);
}

}  // namespace
}  // namespace da3::test
