// SPDX-License-Identifier: Apache-2.0
// Videos among the inputs of da3-host and da3, on the null plugin.
#include "host_fixture.hpp"
#include "support/video_files.hpp"

namespace da3::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Videos : public HostTest {
 protected:
  void video(const path& name, int frames = 35, double rate = 10) const {
    std::filesystem::create_directories(in(name).parent_path());
    write_video(in(name), frames, rate);
  }
  ProgramResult run(Words words) const {
    words.insert(words.end(), {"-o", "out", "--process-res", "56", "-f", "mini_npz"});
    return null(words);
  }
  nlohmann::json scene(size_t i = 0) const { return json_of("out/run.json")["scenes"][i]; }
  /// Numbers of the frames of a scene.
  std::vector<int> numbers(const nlohmann::json& scene) const {
    std::vector<int> list;
    for (const auto& input : scene["inputs"]) list.push_back(input.value("frame", -1));
    return list;
  }
};

TEST_F(Videos, FramesAreOneSceneEachWithItsTime) {
  video("my clip.mp4");
  const auto result = run({"my clip.mp4"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(scene()["name"], "my clip");
  EXPECT_EQ(scene()["views"], 4);
  EXPECT_THAT(numbers(scene()), ElementsAre(0, 10, 20, 30));
  const auto last = scene()["inputs"][3];
  EXPECT_EQ(last["video"], "my clip.mp4");
  EXPECT_NEAR(last["seconds"].get<double>(), 3, 1e-3);
  EXPECT_EQ(path(std::string(last["path"])), path("out/input_images/000003.png"));
  EXPECT_TRUE(there("out/input_images/000003.png"));
  EXPECT_FALSE(there("out/input_images/000004.png"));
}

TEST_F(Videos, RateStartAndEnd) {
  video("a.avi");
  ASSERT_EQ(run({"a.avi", "--fps", "2", "--start", "1", "--end", "2.5"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(10, 15, 20));
  ASSERT_EQ(run({"a.avi", "--fps", "all", "--start", "3.15"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(32, 33, 34));
  // What an earlier run took and this one does not is gone.
  ASSERT_EQ(run({"a.avi", "--start", "3"}).exit_code, 0);
  EXPECT_FALSE(there("out/input_images/000001.png"));
  const auto none = run({"a.avi", "--start", "60"});
  EXPECT_EQ(none.exit_code, 4);
  EXPECT_THAT(none.err, HasSubstr("--start"));
  EXPECT_EQ(run({"a.avi", "--start", "2", "--end", "1"}).exit_code, 2);
  EXPECT_EQ(run({"a.avi", "--fps", "0"}).exit_code, 2);
}

TEST_F(Videos, EachFrameByItself) {
  video("a.avi", 21);
  ASSERT_EQ(run({"a.avi", "--mode", "independent"}).exit_code, 0);
  const auto report = json_of("out/run.json");
  ASSERT_EQ(report["scenes"].size(), 3u);
  EXPECT_TRUE(there("out/000002/exports/mini_npz/results.npz"));
  EXPECT_THAT(numbers(report["scenes"][2]), ElementsAre(20));
}

TEST_F(Videos, SeveralAndPicturesAmongThem) {
  video("x/a.avi", 11);
  video("y/a.avi", 11);
  picture("p.png");
  ASSERT_EQ(run({"x/a.avi", "p.png", "y/a.avi"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(0, 10, -1, 0, 10));
  EXPECT_TRUE(there("out/input_images/a/000001.png"));
  EXPECT_TRUE(there("out/input_images/a-2/000001.png"));
}

TEST_F(Videos, ANameOfDotsStaysInItsFolder) {
  video("...mp4", 11);
  video("a.avi", 11);
  ASSERT_EQ(run({"...mp4", "a.avi"}).exit_code, 0);
  EXPECT_FALSE(there("out/000000.png"));
  EXPECT_TRUE(there("out/input_images/image/000001.png"));
}

TEST_F(Videos, InAFolderTheyAreToldAndLeftOut) {
  picture("in/p.png");
  video("in/a.avi", 11);
  auto result = run({"in"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(numbers(scene()), ElementsAre(-1));
  EXPECT_THAT(result.err, HasSubstr("the video \"in/a.avi\" is left out: a folder stands for its images"));
  EXPECT_THAT(json_of("out/run.json")["warnings"], testing::Contains(HasSubstr("in/a.avi")));
  video("in/more/b.mp4", 11);
  result = run({"in", "--recursive"});
  EXPECT_THAT(numbers(scene()), ElementsAre(-1));
  EXPECT_THAT(result.err, HasSubstr("the video \"in/a.avi\" and 1 more are left out"));
  const auto only = run({"in/more"});
  EXPECT_EQ(only.exit_code, 4);
  EXPECT_THAT(only.err, HasSubstr("tif), but videos; name a video itself, as \"in/more/b.mp4\""));
  EXPECT_EQ(run({"in/more", "--recursive"}).exit_code, 4);
}

TEST_F(Videos, AreKnownByContentToo) {
  video("a.avi", 11);
  std::filesystem::rename(in("a.avi"), in("clip.dat"));
  ASSERT_EQ(run({"clip.dat"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(0, 10));
  picture("a.png");
  std::filesystem::rename(in("a.png"), in("picture"));
  ASSERT_EQ(run({"picture"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(-1));
}

TEST_F(Videos, OfOneThatIsCutTheRestIsUsed) {
  video("a.avi", 60);
  cut_file(in("a.avi"), 0.5);
  const auto result = run({"a.avi"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.err, HasSubstr("of 60 frames"));
  EXPECT_GE(scene()["views"], 2);
  EXPECT_EQ(json_of("out/run.json")["exit_status"], 5);
}

TEST_F(Videos, OneThatCannotBeReadIsAnErrorOrLeftOut) {
  folder_.write("a.mp4", "no video");
  const auto alone = run({"a.mp4"});
  EXPECT_EQ(alone.exit_code, 4);
  EXPECT_THAT(alone.err, HasSubstr("a.mp4"));
  picture("p.png");
  const auto among = run({"p.png", "a.mp4"});
  EXPECT_EQ(among.exit_code, 5) << among.err;
  EXPECT_THAT(among.err, HasSubstr("left out"));
  EXPECT_EQ(scene()["views"], 1);
}

TEST_F(Videos, ResumeKeepsTheFramesThatAreThere) {
  video("a.avi", 21);
  const Words words{"a.avi", "--mode", "independent"};
  ASSERT_EQ(run(words).exit_code, 0);
  Words again = words;
  again.push_back("--resume");
  EXPECT_THAT(run(again).err, HasSubstr("done by an earlier run"));
  again.push_back("--dry-run");
  EXPECT_THAT(run(again).out, HasSubstr("3 scenes, 0 views, 3 done by an earlier run"));
  again.pop_back();
  // Another video under the name: nothing of the old one counts.
  std::filesystem::remove(in("a.avi"));
  video("a.avi", 31);
  const auto changed = run(again);
  EXPECT_EQ(changed.err.find("done by an earlier run"), std::string::npos) << changed.err;
  EXPECT_EQ(json_of("out/run.json")["scenes"].size(), 4u);
}

TEST_F(Videos, ADryRunLeavesNothing) {
  video("a.avi", 21);
  std::filesystem::create_directory(in("tmp"));
  ProgramOptions options;
  options.environment = {"TMPDIR=" + in("tmp").string()};
  const auto result = null({"a.avi", "-o", "out", "--dry-run"}, options);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3 views"));
  EXPECT_FALSE(there("out"));
  EXPECT_TRUE(std::filesystem::is_empty(in("tmp")));
}

TEST_F(Videos, FramesReplaceNobodyElsesPictures) {
  video("a.avi", 21);
  folder_.write("out/input_images/000001.png", "mine");
  const auto refused = run({"a.avi", "-q"});
  EXPECT_ONE_SENTENCE(refused, 4);
  EXPECT_THAT(refused.err, HasSubstr("out/input_images/000001.png\" failed: the file is there"));
  EXPECT_EQ(text_of("out/input_images/000001.png"), "mine");
  // What was begun is no obstacle, and what is in nobody's way stays.
  std::filesystem::rename(in("out/input_images/000001.png"), in("out/input_images/000009.png"));
  ASSERT_EQ(run({"a.avi"}).exit_code, 0);
  EXPECT_THAT(numbers(scene()), ElementsAre(0, 10, 20));
  ASSERT_EQ(run({"a.avi", "--fps", "2"}).exit_code, 0);
  EXPECT_EQ(text_of("out/input_images/000009.png"), "mine");
  EXPECT_EQ(run({"a.avi", "--fps", "all"}).exit_code, 4);
  EXPECT_EQ(text_of("out/input_images/000009.png"), "mine");
  // All before it were the run's own, and a shorter one removes them.
  ASSERT_EQ(run({"a.avi", "--start", "1"}).exit_code, 0);
  EXPECT_FALSE(there("out/input_images/000002.png"));
  EXPECT_EQ(text_of("out/input_images/000009.png"), "mine");
}

TEST_F(Videos, FramesReplaceNoInput) {
  video("a.avi", 21);
  ASSERT_EQ(run({"a.avi"}).exit_code, 0);
  const std::string before = text_of("out/input_images/000001.png");
  video("b.avi", 31);
  EXPECT_EQ(run({"b.avi", "out/input_images/000001.png"}).exit_code, 4);
  EXPECT_EQ(text_of("out/input_images/000001.png"), before);
}

TEST_F(Videos, FramesThatCannotBeWrittenAreOneError) {
  video("a.avi", 11);
  folder_.write("out/input_images", "a file in the way");
  const auto result = run({"a.avi"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("input_images"));
}

}  // namespace
}  // namespace da3::test
