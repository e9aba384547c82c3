// SPDX-License-Identifier: Apache-2.0
// da3: upstream's verbs and options, by its table and end to end on the null plugin.
#include <set>

#include "command_line.hpp"
#include "host_fixture.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

nlohmann::json upstream() {
  std::ifstream file(DA3_TEST_DATA "/upstream_options.json");
  return nlohmann::json::parse(file);
}

TEST(FrontOptions, AreUpstreamsWithItsDefaults) {
  const auto table = upstream();
  std::set<std::string> differ;
  size_t checked = 0;
  for (const auto& verb : front::verbs())
    for (const auto& [name, value] : table["verbs"].at(std::string(verb.name)).items()) {
      const front::Option* option = front::find_option(verb.verb, name);
      ASSERT_NE(option, nullptr) << verb.name << " --" << name;
      if (option->value != value.get<std::string>()) differ.insert(name);
      const auto& switches = table["switches"];
      EXPECT_EQ(option->is_switch, std::find(switches.begin(), switches.end(), name) != switches.end())
          << name;
      ++checked;
    }
  EXPECT_EQ(checked, 5u * 16 + 2 + 4 + 1);
  // docs/compatibility.md says so: the best that is here.
  EXPECT_EQ(differ, (std::set<std::string>{"device", "model-dir"}));
}

TEST(FrontOptions, EachIsTakenByItsVerbs) {
  const auto table = upstream();
  for (const auto& verb : front::verbs())
    for (const auto& [name, value] : table["verbs"].at(std::string(verb.name)).items()) {
      const front::Option& option = *front::find_option(verb.verb, name);
      std::vector<std::string> words{std::string(verb.name), "in", "--" + name};
      if (!option.is_switch) words.push_back("x");
      EXPECT_EQ(front::parse_words(words).value(name), option.is_switch ? "true" : "x") << name;
      if (option.is_switch) {
        words.back() = "--no-" + name;
        EXPECT_EQ(front::parse_words(words).value(name), "false") << name;
      }
    }
}

TEST(FrontOptions, EachDifferenceIsDocumented) {
  std::ifstream file(DA3_SOURCE_DIR "/docs/compatibility.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const char* name : {"--device", "--model-dir", "--auto-cleanup", "--use-backend", "video"})
    EXPECT_THAT(text, HasSubstr(name));
}

class Front : public HostTest {
 protected:
  ProgramResult front(Words words, bool with_defaults = true) const {
    if (with_defaults)
      words.insert(words.end(), {"--export-format", "mini_npz", "--device", "null", "--process-res", "56"});
    ProgramOptions options{.environment = {"DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER,
                                           "DA3_CACHE_DIR=" + in("cache").string(),
                                           "HF_HUB_CACHE=" + in("no-hub").string()}};
    options.folder = folder_.path();
    return run_program(DA3_FRONT_PROGRAM, words, options);
  }
  /// Names of the views in run.json, of upstream's default folder unless another is named.
  Words views(const path& output = "workspace/gallery/scene") const {
    Words names;
    const auto run = json_of(output / "run.json");
    for (const auto& input : run["scenes"][0]["inputs"])
      names.push_back(path(std::string(input["path"])).filename().string());
    return names;
  }
};

TEST_F(Front, ImageWritesIntoUpstreamsFolder) {
  picture("a b.png");
  const auto result = front({"image", "a b.png"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(there("workspace/gallery/scene/exports/mini_npz/results.npz"));
}

TEST_F(Front, ImagesTakesItsExtensionsOnly) {
  for (const char* name : {"set/2.png", "set/10.png", "set/3.webp"}) picture(name);
  const auto result = front({"images", "set", "--export-dir", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(views("out"), (Words{"2.png", "10.png"}));
  ASSERT_EQ(front({"images", "set", "--export-dir", "webp", "--image-extensions", "webp"}).exit_code, 0);
  EXPECT_EQ(views("webp"), (Words{"3.webp"}));
}

TEST_F(Front, AutoFindsOutWhatItIsGiven) {
  for (const char* name : {"set/2.png", "set/3.webp"}) picture(name);
  ASSERT_EQ(front({"auto", "set", "--export-dir", "folder"}).exit_code, 0);
  EXPECT_EQ(views("folder"), (Words{"2.png", "3.webp"}));  // upstream detects webp and then fails
  ASSERT_EQ(front({"auto", "set/2.png", "--export-dir", "file"}).exit_code, 0);
  EXPECT_EQ(views("file"), (Words{"2.png"}));
  folder_.write("notes.txt", "");
  const auto result = front({"auto", "notes.txt"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, StartsWith("da3: error: "));
}

TEST_F(Front, AnExportFolderThatIsNotEmptyIsKeptUnlessToldOtherwise) {
  picture("a.png");
  folder_.write("out/old.txt", "");
  const auto refused = front({"image", "a.png", "--export-dir", "out"});
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("--auto-cleanup"));
  EXPECT_TRUE(there("out/old.txt"));
  EXPECT_EQ(front({"image", "a.png", "--export-dir", "out", "--auto-cleanup"}).exit_code, 0);
  EXPECT_FALSE(there("out/old.txt"));
  EXPECT_TRUE(there("out/run.json"));
}

TEST_F(Front, CleanupNeverTakesTheInput) {
  picture("out/a.png");
  for (const char* folder : {"out", ".", "/"})
    EXPECT_EQ(front({"image", "out/a.png", "--export-dir", folder, "--auto-cleanup"}).exit_code, 4) << folder;
  EXPECT_TRUE(there("out/a.png"));
}

TEST_F(Front, WhatIsNotUnderstoodIsToldInOneSentence) {
  picture("a.png");
  const std::vector<std::pair<Words, std::string>> cases{
      {{"vidoe", "x"}, "did you mean \"video\""},
      {{"image", "a.png", "--proces-res", "3"}, "did you mean \"--process-res\""},
      {{"image", "a.png", "--fps", "2"}, "unknown option"},
      {{"image"}, "IMAGE_PATH is missing"},
      {{"image", "a.png", "--export-dir", ""}, "--export-dir has an empty value"},
      {{"image", "a.png", "--process-res="}, "--process-res"},
      {{"backend"}, "not there yet"},
      {{"image", "a.png", "--process-res", "x"}, "--process-res"}};
  for (const auto& [words, sentence] : cases) {
    const auto result = front(words, false);
    EXPECT_EQ(result.exit_code, 2) << sentence;
    EXPECT_THAT(result.err, HasSubstr(sentence));
    EXPECT_EQ(lines(result.err), 1u) << result.err;
  }
}

TEST_F(Front, HelpOfEachVerb) {
  EXPECT_THAT(front({"--help"}, false).out, HasSubstr("colmap"));
  for (const auto& verb : front::verbs()) {
    const auto result = front({std::string(verb.name), "--help"}, false);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("--process-res"));
  }
}

}  // namespace
}  // namespace da3::test
