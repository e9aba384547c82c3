// SPDX-License-Identifier: Apache-2.0
// What --profile-run makes of spans.
#include "profile/run_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace da3::host {
namespace {

using testing::HasSubstr;

TraceSpan span(TraceSpan::Category category, const std::string& name, const std::string& kind,
               uint64_t begin_ms, uint64_t ms, uint32_t track = 1) {
  TraceSpan made;
  made.category = category, made.name = name, made.kind = kind, made.track = track;
  made.begin_ns = begin_ms * 1000000, made.duration_ns = ms * 1000000;
  return made;
}
constexpr auto stage = TraceSpan::Category::stage;
constexpr auto layer = TraceSpan::Category::layer;

/// Two runs: layers of two kinds in the backbone, and on another track a layer of another stage in between.
void add_two_runs(RunProfile& profile) {
  for (const uint64_t begin : {1000, 2000}) {
    profile.add(span(layer, "block.0", "block", begin, 10));
    profile.add(span(layer, "conv", "conv", begin, 4, 2));
    profile.add(span(layer, "block.1", "block", begin + 10, 20));
    profile.add(span(layer, "norm", "norm", begin + 30, 50));
    profile.add(span(stage, "backbone", "backbone", begin, 100));
    profile.add(span(stage, "head", "head", begin, 300, 2));
  }
}

TEST(RunProfile, TheTableSumsKindsWithinTheirStageSlowestFirst) {
  RunProfile profile;
  add_two_runs(profile);
  const std::string table = profile.table();
  EXPECT_THAT(table, testing::ContainsRegex("\\| backbone +\\| +2 \\| +200.00 \\| +25.0 %"));
  EXPECT_THAT(table, testing::ContainsRegex("\\| - norm +\\| +2 \\| +100.00 \\| +50.0 %"));
  EXPECT_THAT(table, testing::ContainsRegex("\\| - block +\\| +4 \\| +60.00 \\| +30.0 %"));
  EXPECT_LT(table.find("- norm"), table.find("- block"));
  EXPECT_LT(table.find("| head"), table.find("- conv"));
}

TEST(RunProfile, OperationsStandBelowLayersAndCountInNeither) {
  RunProfile profile;
  TraceSpan linear = span(TraceSpan::Category::operation, "linear float32", "linear float32", 0, 5);
  linear.flops = 10000000;
  profile.add(linear);
  profile.add(span(layer, "block.0", "block", 0, 10));
  profile.add(span(stage, "backbone", "backbone", 0, 20));
  const std::string table = profile.table();
  EXPECT_THAT(table, testing::ContainsRegex("\\| backbone +\\| +1 \\| +20.00 \\| +100.0 %"));
  EXPECT_THAT(table, testing::ContainsRegex("\\| - block +\\| +1 \\| +10.00 \\| +50.0 %"));
  EXPECT_THAT(table, testing::ContainsRegex("\\| = linear float32 +\\| +1 \\| +5.00 \\| +25.0 % .* 2.0 \\|"));
  EXPECT_LT(table.find("- block"), table.find("= linear"));
  EXPECT_THAT(profile.chrome_trace(), HasSubstr("\"cat\":\"operation\""));
}

TEST(RunProfile, RatesWhereBytesAndOperationsAreKnown) {
  RunProfile profile;
  TraceSpan known = span(layer, "linear", "linear", 0, 10);
  known.bytes = 20000000, known.flops = 50000000;  // in 10 ms
  profile.add(known);
  profile.add(span(stage, "backbone", "backbone", 0, 20));
  EXPECT_THAT(profile.table(), testing::ContainsRegex("- linear .* 2.0 \\| +5.0 \\|"));
}

TEST(RunProfile, NoStagesIsSaid) { EXPECT_THAT(RunProfile().table(), HasSubstr("no stages")); }

TEST(RunProfile, TheTraceHasEverySpanInMicrosecondsFromTheFirst) {
  RunProfile profile;
  add_two_runs(profile);
  StageTimes times;
  profile.sink(times)(span(stage, "load", "load", 500, 7, 0));
  { const RunProfile::Own own(&profile, "write \"x\""); }
  const RunProfile::Own nobody(nullptr, "x");
  ASSERT_EQ(times.all().size(), 1u);
  EXPECT_DOUBLE_EQ(times.all()[0].second, 7);
  const auto trace = nlohmann::json::parse(profile.chrome_trace());
  std::vector<nlohmann::json> complete;
  for (const auto& event : trace.at("traceEvents"))
    if (event.at("ph") == "X") complete.push_back(event);
  ASSERT_EQ(complete.size(), 14u);
  for (const auto& event : complete)
    if (event["name"] == "load") {
      EXPECT_EQ(event["ts"], 0.0);
    }
  EXPECT_EQ(complete[0]["ts"], 500000.0);
  EXPECT_EQ(complete[0]["dur"], 10000.0);
  EXPECT_EQ(complete[0]["cat"], "layer");
  EXPECT_EQ(complete[0]["args"]["kind"], "block");
  EXPECT_EQ(complete.back()["cat"], "da3-host");
  EXPECT_NE(complete.back()["pid"], complete[0]["pid"]);
}

}  // namespace
}  // namespace da3::host
