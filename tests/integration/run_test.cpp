// SPDX-License-Identifier: Apache-2.0
// Runs on the null plugin: results, run.json, scenes, failures and their exit codes.
#include "host_fixture.hpp"
#include "image_files.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class HostRun : public HostTest {
 protected:
  static ProgramOptions faulty(const std::string& variable) {
    return {.environment = {variable, "DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER}};
  }

  /// Files below a folder, relative to it.
  std::vector<std::string> files(const path& folder) const {
    std::vector<std::string> list;
    for (const auto& entry : fs::recursive_directory_iterator(in(folder)))
      if (entry.is_regular_file())
        list.push_back(entry.path().lexically_relative(in(folder)).generic_string());
    std::sort(list.begin(), list.end());
    return list;
  }
};

TEST_F(HostRun, TheDemoNeedsNoArguments) {
  const auto result = null({});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files("da3-out"),
              testing::ElementsAre("depth_vis/0000.jpg", "depth_vis/0001.jpg", "depth_vis/0002.jpg",
                                   "exports/npz/results.npz", "run.json"));
  for (const char* word : {"device ", "policy ", "load ", "forward ", "views     3 at 504x378", "depth ",
                           "pictures  da3-out/depth_vis/"})
    EXPECT_THAT(result.out, HasSubstr(word));
  EXPECT_THAT(result.err, Not(HasSubstr("warning")));
  // After the empty line: files, one a line.
  std::istringstream list(result.out.substr(result.out.find("\n\n") + 2));
  size_t count = 0;
  for (std::string line; std::getline(list, line); ++count) EXPECT_TRUE(there(line)) << line;
  EXPECT_EQ(count, 5u);
}

TEST_F(HostRun, OwnInputsWithoutAModelGetAWarning) {
  picture("a.png");
  const auto result = null({"a.png"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("warning"), HasSubstr("demo model"), HasSubstr("--model")));
  EXPECT_THAT(std::string(json_of("da3-out/run.json")["warnings"][0]), HasSubstr("demo model"));
  EXPECT_EQ(null({"a.png", "-q"}).err, "");
  EXPECT_EQ(json_of("da3-out/run.json")["warnings"].size(), 1u);  // quiet, but written down
  fs::create_directory(in("mine"));
  EXPECT_THAT(null({"a.png", "--model", "mine"}).err, Not(HasSubstr("warning")));
}

TEST_F(HostRun, RunJsonSaysWhatWasDone) {
  picture("a.png");
  ASSERT_EQ(null({"a.png", "-o", "out", "--process-res", "140", "--set", "null.depth=3"}).exit_code, 0);
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["schema"], "da3.run/1");
  EXPECT_EQ(run["exit_status"], 0);
  EXPECT_EQ(run["plugin"]["id"], "org.da3.null");
  EXPECT_EQ(run["plugin"]["device"]["name"], "null device");
  EXPECT_EQ(run["model"]["model.name"], "null");
  EXPECT_THAT(std::string(run["model"]["path"]), testing::EndsWith("models/demo"));
  EXPECT_EQ(run["policy"]["effective.precision"], "float32");
  EXPECT_EQ(run["process_res"], 140);
  EXPECT_EQ(run["mode"], "multiview");
  EXPECT_THAT(std::string(run["conventions"]["extrinsics"]), HasSubstr("world-to-camera"));
  EXPECT_THAT(std::string(run["conventions"]["intrinsics"]), HasSubstr("pixel centres at integers"));
  for (const char* stage : {"load", "decode", "resize", "forward", "export", "total"})
    EXPECT_GE(run["ms"][stage].get<double>(), 0) << stage;
  EXPECT_GT(run["ms"]["total"].get<double>(), run["ms"]["export"].get<double>());
  std::vector<std::string> stages;
  for (const auto& [name, ms] : run["ms"]["stages"].items()) {
    stages.push_back(name);
    EXPECT_GE(ms.get<double>(), 0) << name;
  }
  EXPECT_THAT(stages, testing::UnorderedElementsAre("load", "upload", "head"));
  EXPECT_EQ(run["scenes"][0]["ms"]["stages"].size(), 2u);
  EXPECT_GT(run["peak_memory"].get<uint64_t>(), 1000000u);
  EXPECT_EQ(run["items_failed"], 0);
  const auto scene = run["scenes"][0];
  EXPECT_EQ(scene["inputs"], nlohmann::json::parse(R"([{"path": "a.png", "height": 480, "width": 640}])"));
  EXPECT_EQ(scene["views"], 1);
  EXPECT_EQ(scene["width"], 140);
  EXPECT_EQ(scene["height"], 112);
  EXPECT_EQ(scene["depth"]["min"], 3);
  EXPECT_EQ(scene["outputs"], nlohmann::json::parse(R"(["exports/npz/results.npz", "depth_vis/0000.jpg"])"));
  bool cli = false;
  for (const auto& setting : run["settings"])
    cli |= setting["key"] == "null.depth" && setting["origin"] == "cli";
  EXPECT_TRUE(cli);
}

TEST_F(HostRun, FormatsAreWhatWasAskedFor) {
  picture("a.png");
  ASSERT_EQ(null({"a.png", "--format", "mini_npz", "-o", "out"}).exit_code, 0);
  EXPECT_THAT(files("out"), testing::ElementsAre("exports/mini_npz/results.npz", "run.json"));
}

TEST_F(HostRun, SettingsOfAProfileAreRelativeToIt) {
  picture("set/photos/a.png");
  fs::create_directories(in("set/model"));
  folder_.write(
      "set/p.yaml",
      "backend: \"null\"\nmodel: model\ninput: [photos]\noutput: results\nformat: npz\nmode: independent\n");
  const auto result = host({"--config", "set/p.yaml"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(there("set/results/a/exports/npz/results.npz"));
  EXPECT_FALSE(there("set/results/a/depth_vis"));
}

TEST_F(HostRun, ModelsAreFoundByName) {
  fs::create_directories(in("models/mine"));
  ASSERT_EQ(
      null({"--model", "mine", "-o", "out"}, faulty("DA3_MODEL_PATH=" + in("models").string())).exit_code, 0);
  EXPECT_EQ(json_of("out/run.json")["model"]["path"], in("models/mine").string());
  EXPECT_EQ(null({"--model", "demo"}).exit_code, 0);
}

TEST_F(HostRun, IndependentImagesHaveAFolderEach) {
  picture("photos/a.png");
  picture("photos/b.png");
  picture("more/a.png");
  ASSERT_EQ(null({"photos", "more/a.png", "--mode", "independent", "--format", "npz", "-o", "out"}).exit_code,
            0);
  EXPECT_THAT(files("out"), testing::ElementsAre("a-2/exports/npz/results.npz", "a/exports/npz/results.npz",
                                                 "b/exports/npz/results.npz", "items.jsonl", "run.json"));
}

TEST_F(HostRun, AFolderOfFoldersIsSeveralScenes) {
  picture("scenes/hall/0.png");
  picture("scenes/hall/1.png");
  picture("scenes/attic/0.png");
  fs::create_directories(in("scenes/empty"));
  const auto result = null({"scenes", "--format", "npz", "-o", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files("out"), testing::ElementsAre("attic/exports/npz/results.npz",
                                                 "hall/exports/npz/results.npz", "items.jsonl", "run.json"));
  EXPECT_EQ(json_of("out/run.json")["scenes"][1]["views"], 2);
  EXPECT_THAT(result.out, AllOf(HasSubstr("2 done, 0 failed"), HasSubstr("hall"), HasSubstr("attic")));
}

TEST_F(HostRun, ABrokenImageAmongIndependentOnesIsSkippedAndListed) {
  picture("photos/a.png");
  folder_.write("photos/b.png", "this is text");
  picture("photos/c.png");
  const auto result = null({"photos", "--mode", "independent", "-o", "out"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("[2/3] b: failed: "), HasSubstr("b.png"), HasSubstr("[3/3] c: 1 view")));
  EXPECT_THAT(result.out, HasSubstr("2 done, 1 failed"));
  EXPECT_TRUE(there("out/a/exports/npz/results.npz"));
  EXPECT_FALSE(there("out/b"));
  EXPECT_TRUE(there("out/c/exports/npz/results.npz"));
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["exit_status"], 5);
  EXPECT_EQ(run["items_failed"], 1);
  EXPECT_EQ(run["scenes"][1]["ok"], false);
  EXPECT_EQ(run["scenes"][1]["failure"]["phase"], "input");
  EXPECT_THAT(std::string(run["scenes"][1]["failure"]["reason"]), HasSubstr("b.png"));
}

TEST_F(HostRun, WhereAllFailTheFirstFailureIsTheExitCode) {
  folder_.write("photos/a.png", "text");
  folder_.write("photos/b.png", "text");
  const auto result = null({"photos", "--mode", "independent", "-o", "out"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_FALSE(there("out"));
}

TEST_F(HostRun, WhereEveryImageOfASceneIsBrokenNothingIsWritten) {
  folder_.write("photos/a.png", "this is text");
  folder_.write("photos/b.png", "this is text");
  const auto result = null({"photos", "-o", "out"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, AllOf(HasSubstr("da3-host: error: "), HasSubstr("a.png")));
  EXPECT_FALSE(there("out"));
}

TEST_F(HostRun, BadInputsAreExit4AndASentenceThatNamesThem) {
  fs::create_directories(in("no-images"));
  folder_.write("no-images/notes.txt", "nothing to see");
  folder_.write("empty.png", "");
  folder_.write("text.png", "this is text");
  write_image(in("whole.jpg"), 480, 640, noise(480, 640).data());
  const std::string jpeg = text_of("whole.jpg");
  folder_.write("cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  const std::string png = [&] {
    picture("whole.png");
    return text_of("whole.png");
  }();
  folder_.write("cut.png", png.substr(0, png.size() / 2));
  write_image(in("thin.png"), 1, 10000, noise(1, 10000).data());
  for (const char* name :
       {"missing.png", "no-images", "empty.png", "text.png", "cut.jpg", "cut.png", "/dev/null"}) {
    const auto result = null({name, "-o", "out", "--progress", "none", "--log-level", "error"});
    EXPECT_ONE_SENTENCE(result, 4) << name;
    EXPECT_THAT(result.err, HasSubstr(name));
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(there("out")) << name;
  }
  // 1 x 10000: a side of upstream's preprocessing becomes one patch, or the picture is refused: never a
  // crash.
  const auto thin = null({"thin.png", "-o", "thin", "-q"});
  EXPECT_THAT(thin.exit_code, testing::AnyOf(0, 4)) << thin.err;
  EXPECT_EQ(there("thin"), thin.exit_code == 0);
}

TEST_F(HostRun, FailuresOfModelAndRun) {
  const std::vector<std::pair<std::string, int>> cases{
      {"FAULTY_LOAD_ERROR=-7", 3}, {"FAULTY_LOAD_ERROR=-6", 3}, {"FAULTY_LOAD_ERROR=-9", 6},
      {"FAULTY_RUN_ERROR=-99", 1}, {"FAULTY_RUN_ERROR=-16", 1}, {"FAULTY_RUN_ERROR=-9", 6},
      {"FAULTY_RUN_ERROR=-10", 6}, {"FAULTY_RUN_ERROR=-8", 1},  {"FAULTY_RUN_ERROR=-11", 1},
  };
  for (const auto& [variable, code] : cases) {
    const auto result = null({"-o", "out", "-q"}, faulty(variable));
    EXPECT_ONE_SENTENCE(result, code) << variable;
    EXPECT_THAT(result.err, HasSubstr("a test asked for it")) << variable;
    EXPECT_FALSE(there("out")) << variable;
  }
}

TEST_F(HostRun, ARunThatFailsAmongOthersIsExit5) {
  picture("photos/a.png");
  picture("photos/b.png");
  ProgramOptions options = faulty("FAULTY_RUN_ERROR=-16");
  options.environment.push_back("FAULTY_RUN_ERROR_AT=1");
  EXPECT_EQ(null({"photos", "--mode", "independent", "-o", "out"}, options).exit_code, 5);
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["failure"]["phase"], "run");
  EXPECT_TRUE(there("out/b/exports/npz/results.npz"));
}

TEST_F(HostRun, OutputsThatCannotBeWritten) {
  folder_.write("file", "mine");
  for (const char* output : {"file", "file/below"}) {
    const auto result = null({"-o", output, "-q"});
    EXPECT_ONE_SENTENCE(result, 4);
    EXPECT_THAT(result.err, HasSubstr(output));
  }
  EXPECT_EQ(text_of("file"), "mine");
#ifdef __linux__
  ProgramOptions full;
  full.stdout_file = "/dev/full";
  EXPECT_EQ(null({"devices"}, full).exit_code, 4);
  EXPECT_EQ(host({"--help"}, full).exit_code, 4);
#endif
}

TEST_F(HostRun, WhatWasDoneIsReportedWhenALaterSceneEndsTheRun) {
  for (const char* name : {"photos/a.png", "photos/b.png", "photos/c.png"}) picture(name);
  folder_.write("out/b", "a file where a folder is needed");
  const auto result = null({"photos", "--mode", "independent", "-o", "out"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 done, 1 failed"));
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["exit_status"], 4);
  EXPECT_EQ(run["scenes"].size(), 2u);
  EXPECT_FALSE(there("out/c"));
}

TEST_F(HostRun, ProcessResSaysWhereItCameFrom) {
  ASSERT_EQ(null({"-o", "out"}).exit_code, 0);
  const auto run = json_of("out/run.json");
  const auto entry = std::find_if(run["settings"].begin(), run["settings"].end(),
                                  [](const auto& setting) { return setting["key"] == "process_res"; });
  ASSERT_NE(entry, run["settings"].end());
  EXPECT_EQ((*entry)["value"], "504");
  EXPECT_THAT(std::string((*entry)["reason"]), HasSubstr("neither settings nor model say it"));
}

TEST_F(HostRun, ExifRotationIsFollowedOnRequest) {
  const std::string picture = DA3_TEST_DATA "/io/exif.jpg";  // 64 x 48, to be turned by a quarter
  const auto sides = [&](const Words& more) {
    Words words{picture,         "-o", "out",           "-f",      "tiff32-depth_vis",
                "--process-res", "56", "--output-size", "original"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = null(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto scene = json_of("out/run.json")["scenes"][0];
    return std::pair(scene["inputs"][0]["height"].get<int>(), scene["height"].get<int>());
  };
  EXPECT_EQ(sides({}), std::pair(48, 42));
  EXPECT_EQ(sides({"--exif-rotation"}), std::pair(64, 56));
  folder_.write("cameras.json", "[]");
  const auto refused = null({picture, "--exif-rotation", "--poses", "cameras.json"});
  EXPECT_ONE_SENTENCE(refused, 2);
}

TEST_F(HostRun, NoTemporaryFilesStay) {
  folder_.write("blocked/exports/npz/results.npz/is-a-folder", "");
  EXPECT_EQ(null({"-o", "blocked"}).exit_code, 4);
  EXPECT_THAT(files("blocked"), testing::ElementsAre("exports/npz/results.npz/is-a-folder"));
  ASSERT_EQ(null({"-o", "out"}).exit_code, 0);
  const auto before = files("out");
  ASSERT_EQ(null({"-o", "out"}).exit_code, 0);
  EXPECT_EQ(files("out"), before);
}

TEST_F(HostRun, ProgressAsJsonLines) {
  const auto result = null({"-o", "out", "--progress", "json"});
  ASSERT_EQ(result.exit_code, 0);
  std::istringstream text(result.err);
  std::vector<std::string> events;
  for (std::string line; std::getline(text, line);) events.push_back(nlohmann::json::parse(line)["event"]);
  EXPECT_EQ(events.front(), "begin");
  EXPECT_EQ(events.back(), "end");
  EXPECT_EQ(std::count(events.begin(), events.end(), "end"), 2);  // model and scene
  const auto failed = null({"none.png", "--progress", "json", "--model", "demo"});
  EXPECT_EQ(failed.exit_code, 4);
  EXPECT_THAT(failed.err, HasSubstr("{\"event\":\"error\",\"message\":\""));
  EXPECT_EQ(null({"-o", "out", "--progress", "none"}).err, "");
  EXPECT_THAT(null({"-o", "out"}).err, AllOf(HasSubstr("[1/1] scene: 3 views"), Not(HasSubstr("\r"))));
}

}  // namespace
}  // namespace da3::test
