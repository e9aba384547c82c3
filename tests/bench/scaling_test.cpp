// SPDX-License-Identifier: Apache-2.0
#include "scaling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>
#include <nlohmann/json.hpp>

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

TEST(Scaling, TheLineThroughExactPointsIsFound) {
  const AmdahlFit fit = fit_amdahl({{1, 110}, {2, 60}, {4, 35}, {10, 20}});  // 10 + 100 / n
  EXPECT_NEAR(fit.serial, 10, 1e-9);
  EXPECT_NEAR(fit.parallel, 100, 1e-9);
  EXPECT_NEAR(fit.serial_share(), 10.0 / 110, 1e-9);
}

TEST(Scaling, NeitherPartIsUnderZero) {
  const AmdahlFit better_than_threads = fit_amdahl({{1, 100}, {2, 40}});
  EXPECT_EQ(better_than_threads.serial, 0);
  EXPECT_GT(better_than_threads.parallel, 0);
  const AmdahlFit slower_with_more = fit_amdahl({{1, 10}, {2, 12}});
  EXPECT_EQ(slower_with_more.parallel, 0);
  EXPECT_DOUBLE_EQ(slower_with_more.serial, 11);
}

TEST(Scaling, OneNumberOfThreadsTellsNothing) {
  EXPECT_THROW(fit_amdahl({{2, 1}}), Error);
  EXPECT_THROW(fit_amdahl({{2, 1}, {2, 2}}), Error);
}

TEST(Scaling, ThreadCounts) {
  EXPECT_THAT(thread_counts(1), testing::ElementsAre("1"));
  EXPECT_THAT(thread_counts(2), testing::ElementsAre("1", "2"));
  EXPECT_THAT(thread_counts(12), testing::ElementsAre("1", "2", "4", "8", "12"));
}

Json one(const std::string& threads, double ms, double head, const std::string& model = "m") {
  return {{"name", model + " 14x14, 1 view, threads=" + threads + ", x=y"},
          {"ok", true},
          {"case", {{"model", model}, {"settings", {{"threads", threads}, {"x", "y"}}}}},
          {"policy", {{"effective.threads", threads}}},
          {"ms", {{"run", {{"p50", ms}}}, {"stages", {{"head", {{"p50", head}}}}}}}};
}

TEST(Scaling, CasesThatDifferInThreadsAreOneGroup) {
  const Json scaling = scaling_of(
      Json::array({one("4", 40, 10), one("1", 100, 40), one("1", 7, 7, "alone"), one("2", 60, 20)}));
  ASSERT_EQ(scaling.size(), 1u);
  EXPECT_EQ(scaling[0]["name"], "m 14x14, 1 view, x=y");
  const Json& threads = scaling[0]["threads"];
  ASSERT_EQ(threads.size(), 3u);
  EXPECT_EQ(threads[0]["threads"], 1);
  EXPECT_DOUBLE_EQ(threads[2]["speedup"].get<double>(), 2.5);
  EXPECT_DOUBLE_EQ(threads[2]["efficiency"].get<double>(), 0.625);
  EXPECT_EQ(scaling[0]["stages"][0]["name"], "head");
  EXPECT_NEAR(scaling[0]["stages"][0]["serial_share"].get<double>(), 0, 1e-9);
  EXPECT_NEAR(scaling[0]["serial_share"].get<double>(), 0.2, 1e-9);  // 20 + 80 / n
  EXPECT_THAT(scaling_markdown(scaling), HasSubstr("62.5 %"));
  EXPECT_THAT(scaling_csv(scaling), HasSubstr("0.625"));
}

TEST(Scaling, WithoutTwoNumbersOfThreadsASentenceSaysSo) {
  EXPECT_THAT(scaling_markdown(scaling_of(Json::array({one("1", 1, 1)}))), HasSubstr("nothing is known"));
}

}  // namespace
}  // namespace da3::bench
