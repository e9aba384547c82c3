// SPDX-License-Identifier: Apache-2.0
// Milliseconds by stage, as a backend reports them (da3/trace.hpp), in the order in which stages came first.
#pragma once

#include <algorithm>
#include <da3/trace.hpp>
#include <string>
#include <utility>
#include <vector>

namespace da3::host {

class StageTimes {
 public:
  void add(const std::string& name, double milliseconds) {
    const auto known =
        std::find_if(times_.begin(), times_.end(), [&](const auto& time) { return time.first == name; });
    if (known != times_.end())
      known->second += milliseconds;
    else
      times_.emplace_back(name, milliseconds);
  }
  void add(const StageTimes& other) {
    for (const auto& [name, milliseconds] : other.times_) add(name, milliseconds);
  }
  /// Of one of several scenes that ran together.
  StageTimes share(size_t scenes) const {
    StageTimes part = *this;
    for (auto& time : part.times_) time.second /= static_cast<double>(scenes);
    return part;
  }
  /// Adds what a load or a run reports; must outlive it.
  TraceSink sink() {
    return [this](const TraceSpan& span) {
      if (span.category == TraceSpan::Category::stage)
        add(span.name, static_cast<double>(span.duration_ns) / 1e6);
    };
  }
  const std::vector<std::pair<std::string, double>>& all() const { return times_; }

 private:
  std::vector<std::pair<std::string, double>> times_;
};

}  // namespace da3::host
