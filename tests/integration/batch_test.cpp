// SPDX-License-Identifier: Apache-2.0
// Neighbouring scenes of one size run together, and nobody can tell by their results.
#include <map>

#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Batch : public CpuHostTest {
 protected:
  /// photos/<name>.png of noise that is each picture's own.
  void noise_picture(const std::string& name, int height = 70, int width = 98) const {
    auto pixels = noise(height, width);
    std::rotate(pixels.begin(), pixels.begin() + 31 * name.front(), pixels.end());
    for (size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<uint8_t>(pixels[i] / (1 + name[0] % 4));
    std::filesystem::create_directories(in("photos"));
    write_image(in("photos") / (name + ".png"), height, width, pixels.data());
  }
  void noise_pictures(const std::string& names) const {
    for (const char name : names) noise_picture({name});
  }
  /// A picture with a whole header and structure, whose pixels cannot be decoded.
  void damage(const std::string& name) const {
    std::string png = text_of("photos/" + name + ".png");
    for (size_t i = png.size() / 2; i < png.size() / 2 + 64; ++i) png[i] = static_cast<char>(~png[i]);
    folder_.write("photos/" + name + ".png", png);
  }

  ProgramResult independent(const std::string& batch, const path& output, const Words& more = {}) const {
    return cpu({"photos", "--mode", "independent", "--model", checkpoint_folder("tiny").string(),
                "--process-res", "98", "--format", "npz", "--set", "batch=" + batch, "-o", output.string()},
               more);
  }

  /// "batch" of each scene that was done, in order; 0 for one that failed.
  std::vector<int> batches(const path& output) const {
    std::vector<int> list;
    const auto run = json_of(output / "run.json");
    for (const auto& scene : run["scenes"]) list.push_back(scene["ok"] ? scene["batch"].get<int>() : 0);
    return list;
  }
  std::string names(const path& output) const {
    std::string list;
    const auto run = json_of(output / "run.json");
    for (const auto& scene : run["scenes"]) list += scene["name"];
    return list;
  }

  void expect_same_results(const std::string& names, const path& one, const path& other) const {
    for (const char name : names)
      for (const char* key : {"depth", "conf", "extrinsics", "intrinsics"}) {
        const path folder(std::string{name});
        const NpzArray a = results(one / folder, key), b = results(other / folder, key);
        EXPECT_EQ(a.shape, b.shape);
        if (std::string(key) == "conf")  // written with two decimals: the last may differ by one
          expect_near(b.values, a.values, 0.0101, folder.string() + " conf");
        else
          EXPECT_LT(deviation(b.values, a.values).largest, 1e-5) << name << " " << key;
      }
  }
};

TEST_F(Batch, TwoWorkersOnOneDeviceGiveWhatOneGives) {
  noise_pictures("abcdef");
  for (const auto& [devices, output] : {std::pair{"one", "one"}, {"all", "all"}, {"[0, 0]", "two"}}) {
    const auto result = independent("1", output, {"-q", "--devices", devices, "--set", "threads=1"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names(output), "abcdef");
  }
  EXPECT_EQ(json_of("all/run.json")["workers"].size(), 1u) << "a CPU is one device";
  EXPECT_EQ(json_of("two/run.json")["workers"].size(), 2u);
  expect_same_results("abcdef", "one", "two");
}

TEST_F(Batch, OfThreeGivesWhatEachAloneGives) {
  noise_pictures("abcdefg");
  for (const char* batch : {"1", "3"}) {
    const auto result = independent(batch, batch, {"-q"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names(batch), "abcdefg");
  }
  EXPECT_THAT(batches("1"), ElementsAre(1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(batches("3"), ElementsAre(3, 3, 3, 3, 3, 3, 1));
  expect_same_results("abcdefg", "1", "3");
  for (const char* other : {"b", "c", "d"})
    EXPECT_GT(deviation(values(path("3") / other, "depth"), values("3/a", "depth")).largest, 1e-2) << other;
}

TEST_F(Batch, OfASceneOfViewsGivesWhatEachAloneGives) {
  for (const char scene : std::string("abc")) {
    noise_picture({scene, '0'});
    noise_picture({static_cast<char>(scene + 3), '1'});
    std::filesystem::create_directories(in("scenes") / std::string{scene});
    for (const std::string& view : {std::string{scene, '0'}, std::string{static_cast<char>(scene + 3), '1'}})
      std::filesystem::rename(in("photos") / (view + ".png"),
                              in("scenes") / std::string{scene} / (view + ".png"));
  }
  for (const char* batch : {"1", "2"}) {
    const auto result = cpu({"scenes", "--model", checkpoint_folder("tiny").string(), "--process-res", "98",
                             "--format", "npz", "-q", "-o", batch},
                            {"--set", std::string("batch=") + batch});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_THAT(batches("2"), ElementsAre(2, 2, 1));
  EXPECT_EQ(results("2/a", "depth").shape, (std::vector<int64_t>{2, 70, 98}));
  expect_same_results("abc", "1", "2");
}

TEST_F(Batch, EndsWhereTheSizeChanges) {
  for (const char wide : std::string("abdg")) noise_picture({wide});
  for (const char square : std::string("cef")) noise_picture({square}, 98, 98);
  const auto result = independent("3", "out", {"-q"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(names("out"), "abcdefg");
  EXPECT_THAT(batches("out"), ElementsAre(2, 2, 1, 1, 2, 2, 1));
  EXPECT_EQ(results("out/c", "depth").shape, (std::vector<int64_t>{1, 98, 98}));
  EXPECT_EQ(results("out/d", "depth").shape, (std::vector<int64_t>{1, 70, 98}));
  ASSERT_EQ(independent("1", "alone", {"-q"}).exit_code, 0);
  expect_same_results("abcdefg", "alone", "out");
}

TEST_F(Batch, LosesOnlyADamagedImage) {
  noise_pictures("abcde");
  damage("b");  // found by the decoder, when the batch is planned
  folder_.write("photos/e.png", "this is text");
  folder_.write("photos/f.png", text_of("photos/a.png"));
  const auto result = independent("3", "out");
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_EQ(names("out"), "abcdef");
  EXPECT_THAT(batches("out"), ElementsAre(2, 0, 2, 1, 0, 1));
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["exit_status"], 5);
  EXPECT_EQ(run["items_failed"], 2);
  for (const size_t failed : {1, 4}) {
    const auto failure = run["scenes"][failed]["failure"];
    EXPECT_EQ(failure["phase"], "input");
    EXPECT_THAT(std::string(failure["reason"]), HasSubstr(failed == 1 ? "b.png" : "e.png"));
  }
  EXPECT_FALSE(there("out/b"));
  EXPECT_THAT(result.err, HasSubstr("[2/6] b: failed: "));
  std::filesystem::remove(in("photos/b.png"));
  std::filesystem::remove(in("photos/e.png"));
  ASSERT_EQ(independent("1", "alone", {"-q"}).exit_code, 0);
  expect_same_results("acdf", "alone", "out");
}

TEST_F(Batch, ProgressCountsEachItem) {
  noise_pictures("abcde");
  damage("b");
  const auto result = independent("3", "out", {"--progress", "json"});
  EXPECT_EQ(result.exit_code, 5);
  std::istringstream lines(result.err);
  std::map<int, std::string> begun, ended;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json["event"] != "begin" && json["event"] != "end") continue;
    const int item = json["item"];
    if (item == 0) continue;  // the model
    EXPECT_EQ(json["items"], 5);
    EXPECT_EQ(json["name"], std::string(1, static_cast<char>('a' + item - 1))) << line;
    auto& seen = json["event"] == "begin" ? begun : ended;
    EXPECT_EQ(seen[item], "") << "twice: " << line;
    seen[item] = line;
    if (json["event"] == "begin") continue;
    EXPECT_NE(begun[item], "") << "before its begin: " << line;
    EXPECT_EQ(json["ok"], item != 2) << line;
    EXPECT_EQ(json.contains("reason"), item == 2) << line;
  }
  EXPECT_EQ(begun.size(), 5u);
  EXPECT_EQ(ended.size(), 5u);
}

TEST_F(Batch, KnownCamerasGoToTheirImages) {
  const GoldenCase golden("tiny-posed");
  write_views(golden, "photos");
  CameraList cameras;
  cameras.names = {"2.png", "0.png", "unused.png", "1.png"};
  const auto poses = golden.floats("input.extrinsics");
  for (const size_t view : {2, 0, 0, 1}) {
    const auto one = part(poses, 16, view);
    cameras.extrinsics.insert(cameras.extrinsics.end(), one.begin(), one.end());
    const float focal = 80 + 5 * static_cast<float>(view);
    cameras.intrinsics.insert(cameras.intrinsics.end(), {focal, 0, 49, 0, focal, 35, 0, 0, 1});
  }
  folder_.write("cameras.json", cameras_json(cameras).dump());
  for (const char* batch : {"1", "3"}) {
    const auto result = independent(batch, batch, {"-q", "--poses", "cameras.json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_THAT(batches("3"), ElementsAre(3, 3, 3));
  for (const size_t view : {0, 1, 2}) {
    const path folder = path("3") / std::to_string(view);
    expect_near(values(folder, "extrinsics"), part(part(poses, 16, view), 12, 0), 1e-6, folder.string());
    EXPECT_NEAR(values(folder, "intrinsics")[0], 80 + 5 * static_cast<double>(view), 1e-4);
    EXPECT_EQ(json_of("3/run.json")["scenes"][view]["alignment"]["views_used"], 1);
  }
  expect_same_results("012", "1", "3");
}

TEST_F(Batch, OtherCamerasInTheSameFileAreDoneAgain) {
  noise_pictures("ab");
  const auto done_before = [this](float focal) {
    CameraList cameras;
    cameras.names = {"a.png", "b.png"};
    for (size_t view = 0; view < cameras.names.size(); ++view) {
      cameras.extrinsics.insert(cameras.extrinsics.end(), {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
      cameras.intrinsics.insert(cameras.intrinsics.end(), {focal, 0, 49, 0, focal, 35, 0, 0, 1});
    }
    folder_.write("cameras.json", cameras_json(cameras).dump());
    const auto result = independent("1", "out", {"--poses", "cameras.json", "--resume"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.err.find("done by an earlier run") != std::string::npos;
  };
  EXPECT_FALSE(done_before(80));
  EXPECT_FALSE(done_before(95));
  EXPECT_NEAR(values("out/a", "intrinsics")[0], 95, 1e-4);
  const auto again = independent("1", "out", {"--poses", "cameras.json", "--resume"});
  EXPECT_THAT(again.err, HasSubstr("b: done by an earlier run"));
}

}  // namespace
}  // namespace da3::test
