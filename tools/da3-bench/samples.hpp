// SPDX-License-Identifier: Apache-2.0
// Times of runs, whole and by stage.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "statistics.hpp"
#include "subject.hpp"

namespace da3::bench {

class SampleSet {
 public:
  void add(const RunSample& sample);
  void add(const SampleSet& other);
  size_t count() const { return total_.size(); }
  const std::vector<double>& total() const { return total_; }

  /// {"count", "min", "mean", "p50", "p90", "p99", "max", "spread"}, milliseconds.
  nlohmann::ordered_json summary_json() const;
  /// The same for each stage; "other" is what no stage accounts for.
  nlohmann::ordered_json stages_summary_json() const;
  /// {"total": [...], "stages": {"backbone": [...]}}, milliseconds.
  nlohmann::ordered_json json() const;

 private:
  std::vector<double> total_;
  std::vector<std::pair<std::string, std::vector<double>>> stages_;
};

nlohmann::ordered_json to_json(const Summary&);

}  // namespace da3::bench
