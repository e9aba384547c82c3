// SPDX-License-Identifier: Apache-2.0
// Quantiles, intervals and the tie rule by samples whose answers are known.
#include "statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <da3/error.hpp>
#include <random>

namespace da3::bench {
namespace {

TEST(Statistics, QuantilesLieBetweenOrderStatistics) {
  const std::vector<double> four{4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(median(four), 2.5);
  EXPECT_DOUBLE_EQ(quantile(four, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(four, 1), 4);
  EXPECT_DOUBLE_EQ(quantile(four, 0.9), 3.7);
  EXPECT_DOUBLE_EQ(median({7}), 7);
  std::vector<double> hundred;
  for (int i = 0; i <= 100; ++i) hundred.push_back(i);
  EXPECT_DOUBLE_EQ(quantile(hundred, 0.9), 90);
  EXPECT_DOUBLE_EQ(quantile(hundred, 0.99), 99);
}

TEST(Statistics, SummaryOfKnownSamples) {
  const Summary summary = summarize({10, 20, 30, 40, 50});
  EXPECT_EQ(summary.count, 5u);
  EXPECT_DOUBLE_EQ(summary.minimum, 10);
  EXPECT_DOUBLE_EQ(summary.maximum, 50);
  EXPECT_DOUBLE_EQ(summary.mean, 30);
  EXPECT_DOUBLE_EQ(summary.p50, 30);
  EXPECT_DOUBLE_EQ(summary.p90, 46);
  EXPECT_DOUBLE_EQ(summary.spread, (40.0 - 20.0) / 30.0);
}

TEST(Statistics, NoSamplesAreRefused) {
  EXPECT_THROW(summarize({}), Error);
  EXPECT_THROW(quantile({}, 0.5), Error);
  EXPECT_THROW(ratio_of_medians({}, {1}), Error);
  EXPECT_THROW(ratio_of_medians({1}, {}), Error);
  EXPECT_THROW(ratio_of_medians({0, 1}, {1}), Error);
}

TEST(Statistics, SamplesWithoutSpreadHaveNoInterval) {
  const Ratio ratio = ratio_of_medians({100, 100, 100}, {80, 80, 80});
  EXPECT_DOUBLE_EQ(ratio.value, 0.8);
  EXPECT_DOUBLE_EQ(ratio.low, 0.8);
  EXPECT_DOUBLE_EQ(ratio.high, 0.8);
}

TEST(Statistics, TheIntervalIsTheSameEachTimeAndHoldsTheRatio) {
  const std::vector<double> a{100, 103, 98, 101, 99, 130, 97}, b{90, 91, 89, 95, 88, 90, 92};
  const Ratio once = ratio_of_medians(a, b), again = ratio_of_medians(a, b);
  EXPECT_DOUBLE_EQ(once.value, 0.9);
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
  EXPECT_LT(once.low, 0.9);
  EXPECT_GT(once.high, 0.9);
  EXPECT_GT(once.low, 88.0 / 130);
  EXPECT_LT(once.high, 95.0 / 97);
}

/// Of 200 pairs of sets from one distribution about 5 % may have an interval without 1.
TEST(Statistics, TheIntervalHoldsTheTruthAboutAsOftenAsItSays) {
  std::mt19937_64 random(7);
  const auto draw = [&] {
    std::vector<double> samples;
    for (int i = 0; i < 15; ++i) samples.push_back(100 + static_cast<double>(random() % 1000) / 100);
    return samples;
  };
  int missed = 0;
  for (int i = 0; i < 200; ++i) {
    const auto a = draw(), b = draw();
    const Ratio ratio = ratio_of_medians(a, b, 1, 500);
    missed += ratio.low > 1 || ratio.high < 1;
  }
  EXPECT_LE(missed, 24);
}

TEST(Statistics, TieRule) {
  EXPECT_EQ(verdict({0.98, 0.97, 0.99}), Verdict::tie) << "sure, but under 3 %";
  EXPECT_EQ(verdict({1.029, 1.02, 1.04}), Verdict::tie);
  EXPECT_EQ(verdict({0.90, 0.80, 1.01}), Verdict::tie) << "over 3 %, but not sure";
  EXPECT_EQ(verdict({1.10, 0.99, 1.20}), Verdict::tie);
  EXPECT_EQ(verdict({0.96, 0.95, 0.97}), Verdict::faster);
  EXPECT_EQ(verdict({1.04, 1.03, 1.05}), Verdict::slower);
  EXPECT_STREQ(verdict_name(Verdict::tie), "tie");
}

}  // namespace
}  // namespace da3::bench
