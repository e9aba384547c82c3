// SPDX-License-Identifier: Apache-2.0
// da3's verbs and options end to end: the demo model on the CPU, small.
#include <functional>
#include <set>

#include "command_line.hpp"
#include "cpu_fixture.hpp"
#ifdef DA3_HAS_VIDEO
#include "support/video_files.hpp"
#endif

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class FrontVerbs : public HostTest {
 protected:
  ProgramResult run(Words words, const Words& more = {}) const {
    words.insert(words.end(), {"--device", "cpu", "--process-res", "70", "--auto-cleanup"});
    words.insert(words.end(), more.begin(), more.end());
    ProgramOptions options{.environment = {"DA3_PLUGIN_PATH=", "DA3_CACHE_DIR=" + in("cache").string(),
                                           "HF_HUB_CACHE=" + in("no-hub").string()}};
    options.folder = folder_.path();
    return run_program(DA3_FRONT_PROGRAM, words, options);
  }
  /// Runs and expects success.
  void done(const Words& words, const Words& more = {}) const {
    const ProgramResult result = run(words, more);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  /// The demo's three views as <folder>/0.png ...
  void scene(const path& folder = "set") const {
    fs::create_directories(in(folder));
    for (const char* name : {"0.png", "1.png", "2.png"})
      fs::copy_file(path(DA3_SOURCE_DIR) / "models/demo/scene" / name, in(folder) / name);
  }
  std::vector<float> array(const path& output, const std::string& key) const {
    return read_npz(in(output) / "exports/mini_npz/results.npz", key).values;
  }
  nlohmann::json report(const path& output) const { return json_of(output / "run.json"); }

  /// A COLMAP folder of the demo's views: da3's own export, with the cameras that the network found.
  void colmap_scene(const path& sparse = "scene/sparse/0") const {
    scene("scene/images");
    done({"images", "scene/images", "--export-dir", "found", "--export-format", "colmap-mini_npz"});
    fs::create_directories(in(sparse));
    for (const char* name : {"cameras.bin", "images.bin", "points3D.bin"})
      fs::copy_file(in("found") / name, in(sparse) / name);
  }
};

TEST_F(FrontVerbs, ColmapGivesTheNetworkItsCameras) {
  colmap_scene();
  const Words words{"colmap", "scene", "--export-format", "mini_npz"};
  done(words, {"--export-dir", "given"});
  const auto given = report("given");
  EXPECT_EQ(given["scenes"][0]["name"], "scene");
  ASSERT_TRUE(given["scenes"][0].contains("alignment"));
  EXPECT_EQ(given["scenes"][0]["alignment"]["frame"], "given poses");
  expect_near(array("given", "extrinsics"), array("found", "extrinsics"), 1e-5, "extrinsics");
  // The export holds intrinsics of the files; back at the processed size they are what they were.
  const auto intrinsics = array("given", "intrinsics"), found = array("found", "intrinsics");
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(intrinsics[i], found[i], 1e-3 * (1 + found[i])) << i;
  // The network was told: depth is not what it is without.
  EXPECT_NE(array("given", "depth"), array("found", "depth"));
  // In the network's own frame the poses are others, and depth is not divided by the scale.
  done(words, {"--export-dir", "own", "--no-align-to-input-ext-scale"});
  EXPECT_EQ(report("own")["scenes"][0]["alignment"]["frame"], "network");
  EXPECT_NE(array("own", "extrinsics"), array("given", "extrinsics"));
  // auto finds out.
  done({"auto", "scene", "--export-format", "mini_npz", "--export-dir", "auto"});
  EXPECT_EQ(array("auto", "depth"), array("given", "depth"));
}

TEST_F(FrontVerbs, ColmapOfAModelElsewhereBelowSparse) {
  colmap_scene("scene/sparse/my model");
  const Words words{"colmap", "scene", "--export-format", "mini_npz", "--export-dir", "out"};
  EXPECT_EQ(run(words).exit_code, 4);
  done(words, {"--sparse-subdir", "my model"});
  EXPECT_EQ(report("out")["scenes"][0]["views"], 3);
  scene("plain");
  const auto no_folder = run({"colmap", "plain"});
  EXPECT_EQ(no_folder.exit_code, 4);
  EXPECT_THAT(no_folder.err, HasSubstr("images/ and sparse/"));
}

#ifdef DA3_HAS_VIDEO
TEST_F(FrontVerbs, VideoTakesUpstreamsFrames) {
  write_video(in("clip.mp4"), 35, 10);
  done({"video", "clip.mp4", "--export-dir", "out", "--export-format", "mini_npz"});
  EXPECT_EQ(report("out")["scenes"][0]["views"], 4);
  EXPECT_TRUE(there("out/input_images/000003.png"));
  done({"auto", "clip.mp4", "--export-dir", "out", "--export-format", "mini_npz", "--fps", "2.5"});
  EXPECT_EQ(report("out")["scenes"][0]["views"], 9);
  picture("a.png");
  const auto picture = run({"video", "a.png"});
  EXPECT_EQ(picture.exit_code, 4);
  EXPECT_THAT(picture.err, HasSubstr("is no video"));
  const auto video = run({"image", "clip.mp4"});
  EXPECT_EQ(video.exit_code, 4);
  EXPECT_THAT(video.err, HasSubstr("use da3 video"));
}
#endif

/// What an option does, seen from outside. base: a run of the demo's views as mini_npz-ply-glb-colmap.
struct OptionCase {
  std::string option;
  std::vector<std::string> words;
  std::function<void(const ProgramResult&)> holds;
};

class FrontOptionEffects : public FrontVerbs {
 protected:
  void SetUp() override {
    scene();
    done({"images", "set", "--export-dir", "base", "--export-format", "mini_npz-ply-glb-colmap"});
  }
  static void ok(const ProgramResult& result) { ASSERT_EQ(result.exit_code, 0) << result.err; }
  uintmax_t bytes(const path& name) const { return fs::file_size(in(name)); }

  std::vector<OptionCase> cases() const {
    const auto field = [this](const char* key, const nlohmann::json& value) {
      return [this, key, value](const ProgramResult& result) {
        ok(result);
        EXPECT_EQ(report("out")[key], value);
      };
    };
    const auto unchanged = [this](const ProgramResult& result) {
      ok(result);
      EXPECT_EQ(array("out", "depth"), array("base", "depth"));
    };
    const path demo = path(DA3_SOURCE_DIR) / "models/demo";
    return {
        {"model-dir",
         {demo.string()},
         [this, demo](const auto& r) {
           ok(r);
           EXPECT_TRUE(fs::equivalent(path(std::string(report("out")["model"]["path"])), demo));
         }},
        {"export-dir",
         {"elsewhere"},
         [this](const auto& r) {
           ok(r);
           EXPECT_TRUE(there("elsewhere/run.json"));
         }},
        {"export-format",
         {"pfm"},
         [this](const auto& r) {
           ok(r);
           EXPECT_TRUE(there("out/pfm/0002.pfm"));
           EXPECT_FALSE(there("out/scene.glb"));
         }},
        {"device",
         {"cpu:0"},
         [this](const auto& r) {
           ok(r);
           EXPECT_EQ(report("out")["plugin"]["name"], "cpu");
         }},
        {"use-backend", {}, [](const auto& r) { EXPECT_EQ(r.exit_code, 4) << r.err; }},
        {"backend-url", {"http://127.0.0.1:1"}, unchanged},
        {"process-res", {"84"}, field("process_res", 84)},
        {"process-res-method", {"lower_bound_crop"}, field("process_res_method", "lower_bound_crop")},
        {"export-feat",
         {"3,7"},
         [this](const auto& r) {
           ok(r);
           EXPECT_TRUE(there("out/exports/features/feat_layer_7.npy"));
         }},
        {"auto-cleanup",
         {},
         [this](const auto& r) {
           ok(r);
           EXPECT_FALSE(there("out/old"));
         }},
        {"use-ray-pose",
         {},
         [this](const auto& r) {
           ok(r);
           EXPECT_NE(array("out", "extrinsics"), array("base", "extrinsics"));
         }},
        {"ref-view-strategy",
         {"middle"},
         [this](const auto& r) {
           ok(r);
           EXPECT_THAT(text_of("out/run.json"), HasSubstr("\"middle\""));
         }},
        {"conf-thresh-percentile",
         {"80"},
         [this](const auto& r) {
           ok(r);
           // ply and glb keep what upstream keeps, by a second limit of their own.
           EXPECT_LT(bytes("out/points3D.bin"), bytes("base/points3D.bin"));
         }},
        {"num-max-points",
         {"10"},
         [this](const auto& r) {
           ok(r);
           EXPECT_THAT(text_of("out/scene.ply"), HasSubstr("element vertex 10\n"));
         }},
        {"no-show-cameras",
         {},
         [this](const auto& r) {
           ok(r);
           EXPECT_LT(bytes("out/scene.glb"), bytes("base/scene.glb"));
         }},
        {"feat-vis-fps",
         {"3"},  // of a format that is not asked for here: videos_test.cpp
         [unchanged](const auto& r) { unchanged(r); }},
        {"image-extensions", {"webp"}, [](const auto& r) { EXPECT_EQ(r.exit_code, 4) << r.err; }},
        {"config", {"reference"}, [this](const auto& r) { ok(r); }},
        {"progress",
         {"json"},
         [this](const auto& r) {
           ok(r);
           EXPECT_THAT(r.err, HasSubstr("\"event\""));
         }},
    };
  }
};

TEST_F(FrontOptionEffects, EachOptionOfImagesDoesWhatItSays) {
  std::set<std::string> checked;
  for (const OptionCase& one : cases()) {
    SCOPED_TRACE(one.option);
    const std::string name = one.option.starts_with("no-") ? one.option.substr(3) : one.option;
    checked.insert(name);
    fs::remove_all(in("out"));
    folder_.write("out/old", "");
    Words more{"--export-dir", "out", "--export-format", "mini_npz-ply-glb-colmap", "--" + one.option};
    more.insert(more.end(), one.words.begin(), one.words.end());
    one.holds(run({"images", "set"}, more));
  }
  for (const front::Option& option : front::options())
    EXPECT_EQ(checked.contains(std::string(option.name)), (option.verbs & front::verb_images) != 0)
        << option.name;
}

TEST_F(FrontOptionEffects, TheOtherVerbsReachTheSameRun) {
  const Words more{"--export-dir", "out", "--export-format", "mini_npz-ply-glb-colmap"};
  done({"auto", "set"}, more);
  EXPECT_EQ(array("out", "depth"), array("base", "depth"));
  done({"image", "set/0.png"}, more);
  const auto one = array("out", "depth");
  done({"auto", "set/0.png"}, more);
  EXPECT_EQ(array("out", "depth"), one);
}

TEST_F(FrontVerbs, NamesWithSpacesUtf8AndNewlinesGetThroughEachVerb) {
  const std::string folder = "größe 山\nx";
  scene(path(folder) / "images");
  const path images = path(folder) / "images";
  fs::rename(in(images / "1.png"), in(images / "1 ü\n.png"));
  done({"images", images.string(), "--export-dir", "out dir\n", "--export-format", "mini_npz-colmap"});
  fs::create_directories(in(path(folder) / "sparse"));
  for (const char* name : {"cameras.bin", "images.bin"})
    fs::copy_file(in(path("out dir\n") / name), in(path(folder) / "sparse" / name));
  done({"colmap", folder, "--export-dir", "again", "--export-format", "mini_npz"});
  EXPECT_EQ(report("again")["scenes"][0]["views"], 3);
  done({"image", (images / "1 ü\n.png").string(), "--export-dir", "one", "--export-format", "mini_npz"});
  const auto text =
      run({"images", images.string(), "--export-dir", "text", "--export-format", "colmap_text"});
  EXPECT_EQ(text.exit_code, 4);
  EXPECT_THAT(text.err, HasSubstr("line break"));
}

TEST_F(FrontVerbs, OneNameInTwoFoldersDoesNotCollideInAnExport) {
  for (const char* folder : {"left", "right"}) scene(folder);
  const Words words{"left/0.png",    "right/0.png", "left/1.png",
                    "--process-res", "70",          "-o",
                    "out",           "-f",          "npz-colmap_text-depth_vis"};
  Words all = words;
  all.insert(all.end(), {"--backend", "cpu"});
  const auto result = host(all, {.environment = {"DA3_PLUGIN_PATH="}});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string images = text_of("out/images.txt");
  for (const char* name : {" left/0.png\n", " right/0.png\n", " left/1.png\n"})
    EXPECT_THAT(images, HasSubstr(name));
  EXPECT_EQ(read_npz(in("out/exports/npz/results.npz"), "depth").shape[0], 3);
  EXPECT_TRUE(there("out/depth_vis/0002.jpg"));
}

}  // namespace
}  // namespace da3::test
