// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <da3/error.hpp>
#include <numeric>
#include <random>

namespace da3::bench {
namespace {

double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

void require_samples(const std::vector<double>& samples) {
  if (samples.empty())
    throw Error(DA3_E_INVALID, "statistics failed: there is no sample; ask for at least one iteration");
}

/// std::uniform_int_distribution differs between standard libraries; this does not.
double resampled_median(const std::vector<double>& samples, std::mt19937_64& random,
                        std::vector<double>& room) {
  room.resize(samples.size());
  for (double& value : room) value = samples[random() % samples.size()];
  std::sort(room.begin(), room.end());
  return quantile_of_sorted(room, 0.5);
}

}  // namespace

double quantile(std::vector<double> samples, double q) {
  require_samples(samples);
  std::sort(samples.begin(), samples.end());
  return quantile_of_sorted(samples, std::clamp(q, 0.0, 1.0));
}

double median(const std::vector<double>& samples) { return quantile(samples, 0.5); }

Summary summarize(const std::vector<double>& samples) {
  require_samples(samples);
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  Summary summary;
  summary.count = sorted.size();
  summary.minimum = sorted.front(), summary.maximum = sorted.back();
  summary.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  summary.p50 = quantile_of_sorted(sorted, 0.5);
  summary.p90 = quantile_of_sorted(sorted, 0.9);
  summary.p99 = quantile_of_sorted(sorted, 0.99);
  if (summary.p50 > 0)
    summary.spread = (quantile_of_sorted(sorted, 0.75) - quantile_of_sorted(sorted, 0.25)) / summary.p50;
  return summary;
}

Ratio ratio_of_medians(const std::vector<double>& a, const std::vector<double>& b, uint64_t seed,
                       int resamples) {
  require_samples(a), require_samples(b);
  if (*std::min_element(a.begin(), a.end()) <= 0)
    throw Error(DA3_E_INVALID, "comparing times failed: a time is not above zero; measure again");
  std::mt19937_64 random(seed);
  std::vector<double> ratios, room;
  ratios.reserve(static_cast<size_t>(resamples));
  for (int i = 0; i < resamples; ++i) {
    const double of_b = resampled_median(b, random, room);
    ratios.push_back(of_b / resampled_median(a, random, room));
  }
  std::sort(ratios.begin(), ratios.end());
  return {median(b) / median(a), quantile_of_sorted(ratios, 0.025), quantile_of_sorted(ratios, 0.975)};
}

Verdict verdict(const Ratio& ratio) {
  const bool sure = ratio.low > 1 || ratio.high < 1;
  if (!sure || std::fabs(ratio.value - 1) < tie_margin) return Verdict::tie;
  return ratio.value < 1 ? Verdict::faster : Verdict::slower;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "faster";
    case Verdict::slower:
      return "slower";
    default:
      return "tie";
  }
}

}  // namespace da3::bench
