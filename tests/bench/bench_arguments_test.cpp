// SPDX-License-Identifier: Apache-2.0
#include "bench_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>

#include "cases.hpp"

namespace da3::bench {
namespace {

using testing::HasSubstr;

TEST(BenchArguments, TheFirstWordIsTheCommandAndLatencyTheDefault) {
  EXPECT_EQ(parse_arguments({}).command, Command::latency);
  EXPECT_EQ(parse_arguments({"latency"}).command, Command::latency);
  EXPECT_EQ(parse_arguments({"throughput"}).command, Command::throughput);
  EXPECT_EQ(parse_arguments({"scaling"}).command, Command::scaling);
  EXPECT_EQ(parse_arguments({"worker"}).command, Command::worker);
  EXPECT_EQ(parse_arguments({"--compare", "a", "b"}).command, Command::compare);
}

TEST(BenchArguments, ValidateTakesItsOwnOptions) {
  const Arguments arguments = parse_arguments(
      {"validate", "--devices", "cpu,null", "--num-images", "3", "--num-warmup", "0", "--num-runs", "4"});
  EXPECT_EQ(arguments.command, Command::validate);
  EXPECT_THAT(arguments.validate.devices, testing::ElementsAre("cpu", "null"));
  EXPECT_EQ(arguments.validate.images, 3);
  EXPECT_EQ(arguments.validate.warmup, 0);
  EXPECT_EQ(arguments.validate.runs, 4);
  const ValidateOptions defaults = parse_arguments({"validate"}).validate;
  EXPECT_THAT(defaults.devices, testing::ElementsAre("cpu", "mps", "cuda"));
  EXPECT_EQ(defaults.images, 5);
  EXPECT_EQ(defaults.warmup, 2);
  EXPECT_EQ(defaults.runs, 5);
}

TEST(BenchArguments, WhatIsNotUnderstoodIsRefused) {
  const std::vector<std::vector<std::string>> bad{{"--nope"},
                                                  {"word"},
                                                  {"--views", "0"},
                                                  {"--views", "1,"},
                                                  {"--res", "15"},
                                                  {"--iterations", "0"},
                                                  {"--warmup", "-1"},
                                                  {"--duration", "0"},
                                                  {"--duration", "x"},
                                                  {"--duration", "nan"},
                                                  {"--set", "x"},
                                                  {"--format", "xml"},
                                                  {"--compare", "a"},
                                                  {"validate", "--views", "2"},
                                                  {"validate", "--num-runs", "1"},
                                                  {"latency", "--sessions", "2"},
                                                  {"--model", ""}};
  for (const auto& words : bad) EXPECT_THROW(parse_arguments(words), Error) << testing::PrintToString(words);
}

TEST(BenchArguments, HelpNamesEveryCommand) {
  const std::string text = parse_arguments({"--help"}).text;
  for (const char* word : {"latency", "throughput", "scaling", "validate", "worker", "--compare"})
    EXPECT_THAT(text, HasSubstr(word));
}

/// A child that is told less than its parent measures something else.
TEST(BenchArguments, AChildGetsTheWholeCase) {
  const std::vector<std::string> words{
      "throughput",    "--model", "m",          "--res",    "280x140", "--views", "3",
      "--batch",       "2",       "--sessions", "4",        "-t",      "2",       "--set",
      "a=[1, 2]",      "-b",      "cpu",        "--warmup", "1",       "-n",      "7",
      "--allocations", "-c",      "reference",  "--plugin", "/p.so",   "-q"};
  const Arguments parent = parse_arguments(words);
  const std::vector<Case> cases = cases_of(parent.sweep);
  ASSERT_EQ(cases.size(), 1u);
  const Arguments child = parse_arguments(words_for_child(parent, cases[0]));
  EXPECT_TRUE(child.one_case_for_parent);
  EXPECT_EQ(child.command, parent.command);
  ASSERT_EQ(cases_of(child.sweep).size(), 1u);
  EXPECT_EQ(case_name(cases_of(child.sweep)[0]), case_name(cases[0]));
  EXPECT_EQ(child.effort.warmup, 1);
  EXPECT_EQ(child.effort.iterations, 7);
  EXPECT_EQ(child.effort.seconds, parent.effort.seconds);
  EXPECT_TRUE(child.count_allocations);
  EXPECT_EQ(child.common.config, "reference");
  EXPECT_EQ(child.common.plugins, parent.common.plugins);
  EXPECT_TRUE(child.common.quiet);
}

}  // namespace
}  // namespace da3::bench
