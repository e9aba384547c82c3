// SPDX-License-Identifier: Apache-2.0
// What samples of a time say, and whether two sets of them differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace da3::bench {

/// The q-quantile (0..1) by linear interpolation between order statistics: of {1, 2, 3, 4} the median is 2.5.
/// Throws Error(DA3_E_INVALID) without samples.
double quantile(std::vector<double> samples, double q);
double median(const std::vector<double>& samples);

struct Summary {
  size_t count = 0;
  double minimum = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, maximum = 0;
  double spread = 0;  ///< (75 % quantile - 25 % quantile) / median: 0.02 is quiet
};
Summary summarize(const std::vector<double>& samples);

/// Median of b over median of a with its 95 % interval.
struct Ratio {
  double value = 1, low = 1, high = 1;
};

/// The interval by resampling both sides (percentile bootstrap); the same samples give the same interval.
/// Throws Error(DA3_E_INVALID) where a side has no sample or a median of a is not above zero.
Ratio ratio_of_medians(const std::vector<double>& a, const std::vector<double>& b, uint64_t seed = 1,
                       int resamples = 4000);

/// Differences under this share of the time are a tie, however sure they are.
constexpr double tie_margin = 0.03;

enum class Verdict { faster, tie, slower };

/// Of b against a: a tie where the difference is under tie_margin or the interval holds 1.
Verdict verdict(const Ratio&);
const char* verdict_name(Verdict);

}  // namespace da3::bench
