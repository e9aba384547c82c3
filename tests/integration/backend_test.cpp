// SPDX-License-Identifier: Apache-2.0
// What a plugin says is believed and written down; what cannot be used although it was named is refused.
#include <da3/file_hash.hpp>

#include "host_fixture.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class BackendRun : public HostTest {
 protected:
  static ProgramOptions faulty(const std::string& variable) {
    return {.environment = {variable, "DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER}};
  }
};

TEST_F(BackendRun, RunJsonHasThePolicyThatTheLoadSettled) {
  ASSERT_EQ(null({"-o", "out", "-q"}).exit_code, 0);
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["policy"]["effective.loaded"], "true");
  EXPECT_TRUE(std::any_of(run["settings"].begin(), run["settings"].end(),
                          [](const auto& setting) { return setting["key"] == "effective.loaded"; }));
}

TEST_F(BackendRun, HashesAreOfWhatWasLoaded) {
  constexpr char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  folder_.write("mine/model.safetensors", "abc");
  folder_.write("mine/model.safetensors.new", "another");
  ASSERT_EQ(null({"-o", "out", "-q", "--model", "mine"},
                 faulty("FAULTY_REPLACE=" + in("mine/model.safetensors").string()))
                .exit_code,
            0);
  ASSERT_EQ(text_of("mine/model.safetensors"), "another");
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["model"]["model.sha256"], abc);
  EXPECT_EQ(run["plugin"]["sha256"], file_sha256(DA3_FAULTY_PLUGIN));
}

TEST_F(BackendRun, BatchesHoldWhatTheEstimateAllows) {
  for (const char name : std::string("abcde")) picture(std::string("photos/") + name + ".png");
  const auto batches = [&](const std::string& batch, const std::string& fit) {
    ProgramOptions options = faulty("FAULTY_BATCH=" + batch);
    options.environment.push_back("FAULTY_FIT=" + fit);
    const auto result = null({"photos", "--mode", "independent", "-o", "out", "-q"}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<int> list;
    const auto run = json_of("out/run.json");
    for (const auto& scene : run["scenes"]) list.push_back(scene["batch"]);
    return list;
  };
  EXPECT_THAT(batches("4", "9"), testing::ElementsAre(4, 4, 4, 4, 1));
  EXPECT_THAT(batches("4", "2"), testing::ElementsAre(2, 2, 2, 2, 1));
  EXPECT_THAT(batches("4", "1"), testing::ElementsAre(1, 1, 1, 1, 1));
  EXPECT_THAT(batches("2", "9"), testing::ElementsAre(2, 2, 2, 2, 1));
}

TEST_F(BackendRun, AnEstimateAboveTheLimitIsToldWithBoth) {
  const auto result = null({"-o", "out"}, faulty("FAULTY_FIT=0"));
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.err, AllOf(HasSubstr("need about 1.00 GB"), HasSubstr("the limit is 0.50 GB"),
                                HasSubstr("use fewer views, a smaller --process-res")));
  EXPECT_FALSE(there("out"));
}

TEST_F(BackendRun, PluginsThatWereNamedMustBeUsable) {
  folder_.write("libda3_empty.so", "");
  folder_.write("libda3_text.so", std::string(4096, 'x'));
  folder_.write("plugin.so", "");
  fs::create_directory(in("nothing"));
  for (const char* command : {"run", "plan"})
    for (const char* named :
         {"libda3_empty.so", "libda3_text.so", "plugin.so", "libda3_missing.so", "missing", "nothing"}) {
      const auto result = null({command, "--plugin", named, "-q"});
      EXPECT_ONE_SENTENCE(result, 3) << named;
      EXPECT_THAT(result.err,
                  AllOf(HasSubstr("--plugin"), HasSubstr(in(named).string()), HasSubstr("cannot be used: ")));
    }
  EXPECT_FALSE(there("da3-out"));
  const Words good{"--plugin",        DA3_FAULTY_PLUGIN, "--plugin",
                   DA3_FAULTY_PLUGIN, "--plugin",        DA3_FAULTY_PLUGIN_FOLDER "/"};
  const auto result = null(good, {.environment = {"DA3_PLUGIN_PATH="}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace
}  // namespace da3::test
