// SPDX-License-Identifier: Apache-2.0
// The command line of da3-plugin-check: what it takes, prints and answers.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

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

TEST(PluginCheck, HelpAndVersion) {
  const auto help = run_program(DA3_PLUGIN_CHECK, {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("PLUGIN"), HasSubstr("--first-contact"), HasSubstr("--reproduce")));
  const auto version = run_program(DA3_PLUGIN_CHECK, {"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("da3-plugin-check [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(PluginCheck, JsonSaysEverything) {
  const std::string plugin = evil + "/exports_too_much/libda3_null.so";
  const auto result = run_program(DA3_PLUGIN_CHECK, {plugin, "--json", "--only", "2,22,63"});
  EXPECT_EQ(result.exit_code, 1);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("plugin"), std::filesystem::canonical(plugin).string());
  EXPECT_TRUE(json.at("model").is_null());
  EXPECT_EQ(json.at("first_contact"), false);
  EXPECT_EQ(json.at("abi"), "1.0");
  EXPECT_NE(json.at("checker"), "");
  const nlohmann::json counts = {{"pass", 1}, {"warn", 0}, {"fail", 1}, {"crash", 0}, {"skip", 1}};
  EXPECT_EQ(json.at("counts"), counts);
  ASSERT_EQ(json.at("checks").size(), 3u);
  const auto& bad = json.at("checks").at(0);
  EXPECT_EQ(bad.at("number"), 2);
  EXPECT_EQ(bad.at("name"), "one exported symbol");
  EXPECT_EQ(bad.at("status"), "FAIL");
  EXPECT_THAT(bad.at("reason").get<std::string>(), HasSubstr("da3_secret_helper"));
  EXPECT_NE(bad.at("rule"), "");
  EXPECT_NE(bad.at("written"), "");
  EXPECT_TRUE(bad.at("details").is_array());
  EXPECT_TRUE(bad.at("seconds").is_number());
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
  EXPECT_THAT(result.out, HasSubstr("Next: the same with --model DIR"));
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
  const std::string reason = report.rows.at(62).reason, hint = "--reproduce ";
  ASSERT_THAT(reason, HasSubstr(hint));
  // That seed alone meets the same fault at the same step.
  const std::string seed = reason.substr(reason.find(hint) + hint.size());
  const auto again = run_program(DA3_PLUGIN_CHECK, {evil + "/writes_past_output/libda3_null.so", "--model",
                                                    model.path().string(), "--reproduce", seed});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.out, HasSubstr(reason));
}

TEST(PluginCheck, InProcess) {
  test::TemporaryFolder model, folder;
  const test::ProgramOptions there{{}, folder.path()};
  const auto run = [&](const std::string& plugin, const std::string& checks) {
    return run_program(
        DA3_PLUGIN_CHECK,
        {plugin, "--model", model.path().string(), "--in-process", "--fuzz", "2", "--only", checks}, there);
  };
  const auto good = run(null_plugin, "1,22,23,26,63,34,46,62");
  EXPECT_EQ(good.exit_code, 0) << good.out;
  EXPECT_THAT(good.out, AllOf(HasSubstr("63  PASS"), HasSubstr("46  SKIP"), HasSubstr("62  PASS")));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a check writes into the current folder";
  EXPECT_EQ(run(evil + "/takes_unknown_keys/libda3_null.so", "18").exit_code, 1);
  const auto crash = run(evil + "/aborts/libda3_null.so", "47");  // under the debugger it stops there
  EXPECT_EQ(crash.signal, SIGABRT);
}

TEST(PluginCheck, ASignalEndsItAndItsChild) {
  test::TemporaryFolder folder;
  const auto result =
      run_program("/usr/bin/timeout",
                  {"--preserve-status", "-s", "TERM", "2", DA3_PLUGIN_CHECK,
                   evil + "/hangs_in_entry/libda3_null.so", "--only", "5", "--time-limit", "300"},
                  {{"TMPDIR=" + folder.path().string()}});
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PluginCheck, AReportThatCannotBeWrittenIsAnError) {
  test::ProgramOptions full;
  full.stdout_file = "/dev/full";
  for (const char* form : {"--json", "--verbose"}) {
    const auto result = run_program(DA3_PLUGIN_CHECK, {null_plugin, "--only", "2", form}, full);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("cannot be written"));
  }
}

TEST(PluginCheck, OnlyWhatFailsElsewhereIsSkipped) {
  test::TemporaryFolder model;
  const std::string plugin = evil + "/missing_member/libda3_null.so";
  const auto whole = test::check_plugin(plugin, model.path().string(), {"--only", "58,22"});
  EXPECT_EQ(whole.rows.at(58).status, "FAIL");
  EXPECT_EQ(whole.rows.at(22).status, "SKIP");
  EXPECT_THAT(whole.rows.at(22).reason, HasSubstr("see check 58"));
  const auto alone = test::check_plugin(plugin, model.path().string(), {"--only", "22"});
  EXPECT_EQ(alone.rows.at(22).status, "FAIL");
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
