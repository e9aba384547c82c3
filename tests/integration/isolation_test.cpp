// SPDX-License-Identifier: Apache-2.0
// da3-host with the backend in a worker process.
#include <csignal>

#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Isolation : public HostTest {
 protected:
  ProgramResult isolated(Words words, ProgramOptions options = {}) const {
    words.insert(words.end(), {"--set", "isolation=process"});
    return null(words, std::move(options));
  }
  /// On the plugin that ends its process; the model's name says when.
  ProgramResult fatal(const std::string& model) const {
    if (!there("photo.png")) picture("photo.png");
    std::filesystem::create_directories(in(model));
    return isolated({"photo.png", "-o", "out", "--model", in(model).string()},
                    {.environment = {"DA3_PLUGIN_PATH=" DA3_FATAL_PLUGIN_FOLDER}});
  }
};

TEST_F(Isolation, GivesTheSameFilesAndSaysSo) {
  picture("photo.png");
  const auto plain = null({"photo.png", "-o", "plain"}), apart = isolated({"photo.png", "-o", "apart"});
  ASSERT_EQ(apart.exit_code, 0) << apart.err;
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_EQ(text_of("apart/exports/npz/results.npz"), text_of("plain/exports/npz/results.npz"));
  const auto run = json_of("apart/run.json");
  EXPECT_EQ(run["policy"]["effective.isolation"], "process");
  EXPECT_EQ(run["plugin"]["id"], "org.da3.null");
  EXPECT_EQ(run["plugin"]["sha256"], json_of("plain/run.json")["plugin"]["sha256"]);
  EXPECT_EQ(json_of("plain/run.json")["policy"]["effective.isolation"], "none");
  std::vector<std::string> stages;
  for (const auto& [name, ms] : run["ms"]["stages"].items()) stages.push_back(name);
  EXPECT_THAT(stages, testing::UnorderedElementsAre("load", "upload", "head"));
}

TEST_F(Isolation, IsInThePlan) {
  const auto plan = isolated({"plan"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, AllOf(HasSubstr("effective.isolation"), HasSubstr("process")));
  const auto bad = null({"plan", "--set", "isolation=thread"});
  EXPECT_ONE_SENTENCE(bad, 2);
  EXPECT_THAT(bad.err, HasSubstr("isolation"));
}

TEST_F(Isolation, ABackendThatAbortsIsAnErrorAndNotACrash) {
  const auto load = fatal("abort-load");
  EXPECT_EQ(load.exit_code, 3) << load.err;
  EXPECT_THAT(load.err, AllOf(HasSubstr("da3-host: error: "), HasSubstr("was ended by SIGABRT"),
                              HasSubstr("assertion failed: the vendor's library")));
  const auto run = fatal("segv-run");
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr("was ended by SIGSEGV"));
  EXPECT_FALSE(there("out/exports"));
}

TEST_F(Isolation, PrintsOfABackendAreNotTheHostsResults) {
  const auto run = fatal("print-run");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out.find("on stdout"), std::string::npos) << run.out;
  EXPECT_THAT(run.err, HasSubstr("on stderr"));
}

TEST_F(Isolation, SignalsAreTheHosts) {
  picture("photo.png");
  ProgramOptions options;
  options.environment = {"FAULTY_RUN_MS=60000"};
  options.signals = {{"\"stage\":\"waiting\"", SIGINT}, {"once more stops it now", SIGINT}};
  const auto run = isolated({"photo.png", "-o", "out", "--progress", "json"}, options);
  EXPECT_EQ(run.exit_code, 130) << run.err;
  EXPECT_FALSE(there("out"));
}

}  // namespace
}  // namespace da3::test
