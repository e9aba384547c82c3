// SPDX-License-Identifier: Apache-2.0
// What a model cannot do is refused by its folder alone: before the plugin loads it, images are looked for or
// a folder is made.
#include "host_fixture.hpp"
#include "model_folders.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Refusal : public HostTest {
 protected:
  Refusal() {
    for (const char* name : {"tiny", "tiny-mono", "da3mono-large", "da3metric-large"})
      write_model(in(name), name);
    folder_.write("poses.json", R"([{"extrinsics": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
                                     "intrinsics": [[90, 0, 49], [0, 90, 35], [0, 0, 1]]}])");
  }

  /// The null plugin would fail to load anything, and the image is not there.
  ProgramResult refused(const std::string& model, Words words) const {
    words.insert(words.end(), {"missing.png", "--model", model});
    auto result = null(words, {.environment = {"FAULTY_LOAD_ERROR=-7"}});
    EXPECT_ONE_SENTENCE(result, 3) << testing::PrintToString(words);
    EXPECT_THAT(result.err, Not(HasSubstr("loading")));
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(there("da3-out"));
    return result;
  }
};

TEST_F(Refusal, PosesForAModelThatTakesNone) {
  for (const char* model : {"tiny-mono", "da3mono-large"})
    EXPECT_THAT(refused(model, {"--poses", "poses.json"}).err,
                AllOf(HasSubstr("--poses: "), HasSubstr(std::string("'") + model + "'"),
                      HasSubstr("takes no poses"), HasSubstr("da3-small, da3-base, da3-large, da3-giant"),
                      HasSubstr("da3nested-giant-large"), Not(HasSubstr("da3metric"))));
}

TEST_F(Refusal, RaysOfAModelThatHasNone) {
  for (const char* model : {"tiny-mono", "da3mono-large", "da3metric-large"})
    EXPECT_THAT(refused(model, {"--use-ray-pose"}).err,
                AllOf(HasSubstr("--use-ray-pose: "), HasSubstr(std::string("'") + model + "'"),
                      HasSubstr("da3-small, da3-base"), HasSubstr("da3nested-giant-large")));
}

TEST_F(Refusal, FocalLengthsForModelsThatAreNotMetric) {
  for (const char* model : {"tiny", "tiny-mono", "da3mono-large"})
    for (const char* option : {"--focal", "--fov"})
      EXPECT_THAT(refused(model, {option, "90"}).err,
                  AllOf(HasSubstr(std::string(option) + ": "), HasSubstr("takes no focal length"),
                        HasSubstr("use one that does: da3metric-large\n")));
}

TEST_F(Refusal, FormatsThatNeedWhatTheModelLacks) {
  for (const char* format : {"glb", "colmap", "npz-colmap_text"})
    EXPECT_THAT(refused("tiny-mono", {"--format", format}).err,
                AllOf(HasSubstr("--format: "), HasSubstr("gives no poses of cameras"), HasSubstr("ply"),
                      HasSubstr("da3-small, da3-base")));
  for (const char* model : {"tiny-mono", "da3metric-large"})
    EXPECT_THAT(
        refused(model, {"--format", "ply"}).err,
        AllOf(HasSubstr("give --focal or --fov"), HasSubstr("tiff32"), HasSubstr("da3-small, da3-base")));
  for (const char* format : {"gs_ply", "gs_video"})
    EXPECT_THAT(refused("tiny", {"--format", format}).err,
                AllOf(HasSubstr("gives no gaussians"), HasSubstr("da3-giant")));
}

TEST_F(Refusal, BlocksThatAreNotThere) {
  EXPECT_THAT(refused("tiny", {"--export-feat", "3,6"}).err,
              AllOf(HasSubstr("--export-feat: "), HasSubstr("no block 6"), HasSubstr("0 to 5")));
  EXPECT_THAT(refused("da3mono-large", {"--export-feat", "24"}).err, HasSubstr("0 to 23"));
}

TEST_F(Refusal, NamesTheProfileThatAsks) {
  folder_.write("p.yaml", "backend: \"null\"\nuse_ray_pose: true\n");
  // The null plugin has no such option; the cpu's manifest lends the key.
  const auto result = host({"--config", "p.yaml", "--backend", "cpu", "--model", "tiny-mono", "missing.png"},
                           {.environment = {"DA3_PLUGIN_PATH="}});
  EXPECT_ONE_SENTENCE(result, 3);
  EXPECT_THAT(result.err, HasSubstr("p.yaml:2:"));
  folder_.write("q.yaml", "backend: \"null\"\nmodel: tiny-mono\npose: x\nposes: poses.json\n");
  EXPECT_THAT(host({"--config", "q.yaml"}).err, HasSubstr("did you mean \"poses\""));
  folder_.write("q.yaml", "backend: \"null\"\nmodel: tiny-mono\nposes: poses.json\n");
  const auto poses = host({"--config", "q.yaml"});
  EXPECT_ONE_SENTENCE(poses, 3);
  EXPECT_THAT(poses.err, AllOf(HasSubstr("q.yaml:3:"), HasSubstr("poses")));
}

TEST_F(Refusal, APluginThatCannotIsBelievedToo) {
  // The folder's model could; the null plugin's answer after loading is that it cannot.
  for (const Words& asked : {Words{"--poses", "poses.json"}, Words{"--export-feat", "3"}}) {
    Words words = asked;
    words.insert(words.end(), {"missing.png", "--model", "tiny", "-q"});
    const auto result = null(words);
    EXPECT_ONE_SENTENCE(result, 3);
    EXPECT_THAT(result.err, AllOf(HasSubstr(asked[0] + ": "), HasSubstr("'null'")));
    EXPECT_FALSE(there("da3-out"));
  }
}

TEST_F(Refusal, ListsThatAreNoneAreWrongUsage) {
  for (const char* list : {"a", "-1", "3;5", "1,,3", "3,x", "1.5", ",", "1 3"}) {
    const auto result = null({"missing.png", "--model", "tiny", std::string("--export-feat=") + list});
    EXPECT_ONE_SENTENCE(result, 2) << list;
    EXPECT_THAT(result.err, AllOf(HasSubstr("--export-feat: "), HasSubstr("3,7"))) << list;
  }
  const auto apart = null({"missing.png", "--model", "tiny", "--export-feat", "-1"});
  EXPECT_ONE_SENTENCE(apart, 2);
  EXPECT_FALSE(there("da3-out"));
}

TEST_F(Refusal, NumbersThatAreNoneAreWrongUsage) {
  for (const Words& words :
       {Words{"--focal", "90", "--fov", "60"}, Words{"--focal", "0"}, Words{"--focal", "-5"},
        Words{"--focal", "wide"}, Words{"--fov", "180"}, Words{"--fov", "0"}, Words{"--focal", "nan"},
        Words{"--seed", "one"}, Words{"--set", "align_to_input_ext_scale=perhaps"}}) {
    Words all = words;
    all.insert(all.end(), {"missing.png", "--model", "da3metric-large"});
    const auto result = null(all);
    EXPECT_ONE_SENTENCE(result, 2) << testing::PrintToString(words);
    EXPECT_THAT(result.err, HasSubstr(words[0] == "--set" ? "perhaps" : words[0]));
    EXPECT_FALSE(there("da3-out"));
  }
  EXPECT_THAT(null({"--focal", "90", "--fov", "60"}).err, AllOf(HasSubstr("--focal"), HasSubstr("--fov")));
}

}  // namespace
}  // namespace da3::test
