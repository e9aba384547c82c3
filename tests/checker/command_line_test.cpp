// SPDX-License-Identifier: Apache-2.0
// The command line of da3-plugin-check: what it takes, prints and answers.
#include <gmock/gmock.h>

#include "run_checker.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::run_program;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string evil = DA3_EVIL_FOLDER, null_plugin = DA3_NULL_PLUGIN;

TEST(PluginCheck, UsageErrorsAreTwo) {
  const auto expect_usage = [](const std::vector<std::string>& words, const char* sentence) {
    const auto result = run_program(DA3_PLUGIN_CHECK, words);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(sentence));
  };
  expect_usage({}, "no plugin is named");
  expect_usage({"/no/such/libda3_x.so"}, "cannot be found");
  expect_usage({"/tmp"}, "is a folder");
  expect_usage({null_plugin, "--model", "/no/such/model"}, "the model /no/such/model cannot be found");
  expect_usage({null_plugin, "--only", "1,999"}, "there is no check 999");
  expect_usage({null_plugin, "--nonsense"}, "--nonsense");
}

TEST(PluginCheck, TellsTheRuleThatIsBroken) {
  const auto result =
      run_program(DA3_PLUGIN_CHECK, {evil + "/exports_too_much/libda3_null.so", "--only", "2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("  2  FAIL   one exported symbol: it also exports da3_secret_helper"),
                    HasSubstr("the rule: the library exports da3_plugin_entry and nothing else (plugin.h")));
}

TEST(PluginCheck, StrictCountsWarnings) {
  test::TemporaryFolder model;
  const std::vector<std::string> words{evil + "/slow_cancel/libda3_null.so", "--model", model.path().string(),
                                       "--only", "32"};
  EXPECT_EQ(run_program(DA3_PLUGIN_CHECK, words).exit_code, 0);
  auto strict = words;
  strict.push_back("--strict");
  EXPECT_EQ(run_program(DA3_PLUGIN_CHECK, strict).exit_code, 1);
}

TEST(PluginCheck, FirstContactMakesNoOptimizer) {
  const auto report = test::check_plugin(evil + "/hangs_in_load/libda3_null.so", "", {"--first-contact"});
  EXPECT_EQ(report.exit_code, 0) << report.text();
  EXPECT_EQ(report.rows.at(22).status, "SKIP");
  EXPECT_EQ(report.rows.at(12).status, "PASS");
  const auto result = run_program(DA3_PLUGIN_CHECK, {null_plugin, "--first-contact"});
  EXPECT_THAT(result.out, HasSubstr("Next: the same without --first-contact"));
}

TEST(PluginCheck, WithoutAModelRunsAreSkipped) {
  const auto report = test::check_plugin(null_plugin, "");
  EXPECT_EQ(report.exit_code, 0) << report.text();
  EXPECT_EQ(report.rows.at(63).status, "SKIP");
  EXPECT_THAT(report.rows.at(63).reason, HasSubstr("give --model DIR"));
  EXPECT_EQ(report.rows.at(22).status, "PASS");
}

TEST(PluginCheck, ReproducesASequence) {
  test::TemporaryFolder model;
  const auto run = [&](const std::string& plugin, const std::string& seed) {
    return run_program(DA3_PLUGIN_CHECK, {plugin, "--model", model.path().string(), "--reproduce", seed}).out;
  };
  const std::string first = run(null_plugin, "7");
  EXPECT_THAT(first,
              AllOf(HasSubstr("seed 7, step 0: "), HasSubstr("session_run of ["), Not(HasSubstr("seed 8"))));
  EXPECT_EQ(first, run(null_plugin, "7"));
  EXPECT_NE(first, run(null_plugin, "8"));
  const auto report = test::check_plugin(evil + "/writes_past_output/libda3_null.so", model.path().string(),
                                         {"--only", "62"});
  EXPECT_THAT(report.rows.at(62).reason, HasSubstr("--reproduce "));
}

TEST(PluginCheck, WhatAPluginPrintsIsKept) {
  const auto result = run_program(DA3_PLUGIN_CHECK, {evil + "/prints/libda3_null.so", "--only", "17", "-v"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("evil plugin, ready to serve"));
}

TEST(PluginCheck, FilesThatAreNoLibrariesFail) {
  test::TemporaryFolder folder;
  for (const std::string& text : {std::string("not a library"), std::string(),
                                  std::string("\x7F"
                                              "ELF\2\1\1",
                                              7) +
                                      std::string(200, '\xEE')}) {
    const auto file = folder.write("libda3_x.so", text);
    const auto report = test::check_plugin(file.string(), "");
    EXPECT_EQ(report.exit_code, 1);
    EXPECT_EQ(report.rows.at(2).status, "FAIL") << report.text();
    EXPECT_EQ(report.rows.at(1).status, "FAIL") << report.text();
    EXPECT_EQ(report.rows.at(12).status, "SKIP") << report.text();
  }
}

}  // namespace
}  // namespace da3
