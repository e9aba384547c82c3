// SPDX-License-Identifier: Apache-2.0
// The command line: what is understood, and what is said about the rest.
#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Usage : public HostTest {};

TEST_F(Usage, HelpIsForPeopleExamplesFirst) {
  for (const Words& words : {Words{"--help"}, Words{"run", "--help"}, Words{"photos", "-h"}}) {
    const auto result = host(words);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    EXPECT_LT(result.out.find("da3-host --model DIR photos/"), result.out.find("--output DIR"));
    const auto first_screen = result.out.substr(0, result.out.find("--process-res "));
    EXPECT_THAT(first_screen, HasSubstr("--mode MODE"));
    EXPECT_THAT(first_screen,
                AllOf(HasSubstr("multiview (default): all images show one scene"), HasSubstr("independent")));
    for (const char* option :
         {"--config", "--set", "--format", "--backend", "--plugin", "--progress", "--log-level"})
      EXPECT_THAT(result.out, HasSubstr(option));
  }
  EXPECT_THAT(host({"devices", "--help"}).out, HasSubstr("da3-host devices [OPTIONS]"));
  EXPECT_THAT(host({"plan", "--help"}).out, HasSubstr("loads no model"));
}

TEST_F(Usage, HelpFitsATerminal) {
  std::istringstream text(host({"--help"}).out);
  for (std::string line; std::getline(text, line);) {
    EXPECT_LE(line.size(), 120u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST_F(Usage, VersionNamesTheAbi) {
  const auto result = host({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("da3-host 0."), HasSubstr("plugin ABI 1.0"), HasSubstr("build ")));
}

TEST_F(Usage, UnknownOptionsNameTheNearest) {
  const auto result = host({"--proces-res", "140"});
  EXPECT_ONE_SENTENCE(result, 2);
  EXPECT_THAT(result.err, HasSubstr("unknown option \"--proces-res\": did you mean \"--process-res\"?"));
  EXPECT_THAT(host({"--formt=npz"}).err, HasSubstr("did you mean \"--format\"?"));
  const auto far = host({"--xylophone"});
  EXPECT_ONE_SENTENCE(far, 2);
  EXPECT_THAT(far.err, HasSubstr("see da3-host --help"));
}

TEST_F(Usage, MissingAndWrongValues) {
  for (const Words& words :
       {Words{"--model"}, Words{"--set"}, Words{"--progress", "often"}, Words{"--process-res", "many"},
        Words{"--process-res", "0"}, Words{"--mode", "both"}, Words{"--set", "threads"},
        Words{"--process-res-method", "crop"}, Words{"--log-level", "loud"}, Words{""},
        Words{"--format", "npz-gif"}, Words{"devices", "photos"}, Words{"--json"}}) {
    const auto result = host(words);
    EXPECT_ONE_SENTENCE(result, 2) << testing::PrintToString(words);
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(nlohmann::json::parse(host({"--progress", "json", "--nope"}).err)["event"], "error");
  EXPECT_THAT(host({"--process-res", "many"}).err, HasSubstr("--process-res: process_res: \"many\" is not"));
  EXPECT_THAT(host({"--format", "npz-gif"}).err, HasSubstr("--format: output format \"gif\""));
}

TEST_F(Usage, CommandsAreWordsOfTheFirstPlaceOnly) {
  picture("devices/0.png");
  picture("plan.png");
  const auto result = null({"plan.png", "devices", "-o", "out", "-q"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto inputs = json_of("out/run.json")["scenes"][0]["inputs"];
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(inputs[0]["path"], "plan.png");
  EXPECT_EQ(inputs[1]["path"], "devices/0.png");
  EXPECT_EQ(null({"run", "devices", "-o", "out2", "-q"}).exit_code, 0);
  EXPECT_THAT(null({"run", "run"}).err, HasSubstr("\"run\""));  // the second one is an input
}

TEST_F(Usage, AnyNameCanBeAnInput) {
  picture("[a,b]/0.png");
  picture("--x.png");
  picture("a b.png");
  EXPECT_EQ(null({"[a,b]", "a b.png", "-q", "-o", "out", "--", "--x.png"}).exit_code, 0);
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["inputs"].size(), 3u);
}

TEST_F(Usage, OptionsDoNotSwallowInputs) {
  picture("a.png");
  const auto result = null({"--set", "threads=1", "--set", "null.depth=4", "a.png", "-o", "out", "-q"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["inputs"].size(), 1u);
  EXPECT_EQ(json_of("out/run.json")["scenes"][0]["depth"]["median"], 4);
}

TEST_F(Usage, ProfileWithATypoNamesPlaceAndNearestKey) {
  folder_.write("p.yaml", "backend: \"null\"\nmode: multiview\nproces_res: 140\n");
  const auto result = host({"--config", "p.yaml"});
  EXPECT_ONE_SENTENCE(result, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("p.yaml:3:1: "), HasSubstr("\"proces_res\""),
                                HasSubstr("did you mean \"process_res\"")));
}

TEST_F(Usage, BadProfiles) {
  folder_.write("twice.yaml", "mode: multiview\nmode: independent\n");
  folder_.write("broken.yaml", "mode: [multiview\n");
  folder_.write("value.yaml", "mode: sideways\n");
  folder_.write("format.yaml", "format: npz-gif\n");
  std::filesystem::create_directory(in("folder.yaml"));
  for (const char* name :
       {"twice.yaml", "broken.yaml", "value.yaml", "format.yaml", "folder.yaml", "none.yaml"}) {
    const auto result = host({"--config", name});
    EXPECT_ONE_SENTENCE(result, 2);
    EXPECT_THAT(result.err, HasSubstr(name));
  }
  EXPECT_THAT(host({"--config", "none"}).err, HasSubstr("cpu-max"));
  EXPECT_THAT(host({"--config", "format.yaml"}).err, HasSubstr("format.yaml:1:1: output format \"gif\""));
}

TEST_F(Usage, ShippedProfilesAreFoundFromAnywhere) {
  for (const char* name :
       {"cpu-max", "cpu-max.yaml", "profiles/cpu-max.yaml", "configs/profiles/cpu-max.yaml"}) {
    const auto result = host({"plan", "--json", "--config", name, "--backend", "null"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("cpu-max.yaml:")) << name;
  }
}

TEST_F(Usage, AProfileHereWinsOverAShippedOne) {
  folder_.write("cpu-max.yaml", "backend: \"null\"\nnull.depth: 7\n");
  EXPECT_THAT(host({"plan", "--config", "cpu-max.yaml"}).out, HasSubstr("cpu-max.yaml:2:"));
}

#ifdef __linux__
TEST_F(Usage, MetalOnLinuxIsOneSentenceAndExit3) {
  for (const char* name : {"profiles/mps-max.yaml", "configs/profiles/mps-max.yaml", "mps-minimal"}) {
    const auto result = host({"--config", name});
    EXPECT_ONE_SENTENCE(result, 3);
    EXPECT_THAT(result.err, AllOf(HasSubstr("mps"), HasSubstr("cannot be used: no Metal"),
                                  HasSubstr("use --config profiles/cpu-balanced.yaml")));
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(there("da3-out"));
  }
}

TEST_F(Usage, WorseErrorsComeFirst) {
  // A bad setting before a missing backend, that before a missing model, that before missing inputs.
  EXPECT_EQ(host({"--config", "mps-max", "--set", "thread=2", "--model", "none", "none.png"}).exit_code, 2);
  EXPECT_EQ(host({"--config", "mps-max", "--format", "gif", "--model", "none", "none.png"}).exit_code, 2);
  const auto backend = host({"--config", "mps-max", "--model", "no-model", "none.png"});
  EXPECT_ONE_SENTENCE(backend, 3);
  EXPECT_THAT(backend.err, HasSubstr("mps"));
  const auto model = null({"--model", "no-model", "none.png"});
  EXPECT_ONE_SENTENCE(model, 3);
  EXPECT_THAT(model.err, AllOf(HasSubstr("no-model"), HasSubstr("--model")));
  EXPECT_EQ(null({"none.png", "-q"}).exit_code, 4);
}
#endif

}  // namespace
}  // namespace da3::test
