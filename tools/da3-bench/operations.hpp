// SPDX-License-Identifier: Apache-2.0
// What a backend tells of its single operations (da3/trace.h), set against what the device does at best.
#pragma once

#include <cstdint>
#include <da3/trace.hpp>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace da3::bench {

/// The device's best rates: of each kind of product operations per second, of a copy bytes per second.
class Ceilings {
 public:
  /// An operation that a load reports; the fastest of a kind counts. Others are left out.
  void add(const TraceSpan& span);
  bool empty() const { return products_.empty() && copy_ == 0; }

  /// What the operation needs at least: its products at the ceiling of their arithmetic (the last word of its
  /// kind) or its bytes at that of a copy, whichever takes longer. 0: nothing is known.
  struct Floor {
    double ms = 0;
    std::string against;  ///< "product float32" or "copy"
  };
  Floor floor_of(const TraceSpan& operation) const;

  nlohmann::ordered_json json() const;

 private:
  std::map<std::string, double> products_;
  double copy_ = 0;
};

/// The operations of several runs, summed by kind.
class Operations {
 public:
  /// ceilings must outlive it and be complete before the first span.
  explicit Operations(const Ceilings& ceilings) : ceilings_(ceilings) {}
  void add(const TraceSpan& span);  ///< of the run that end_run() ends
  void end_run(double ms);

  /// Medians by kind, those that take longest first, and what of a run is in no operation.
  nlohmann::ordered_json json() const;

 private:
  struct Kind {
    struct Run {
      uint64_t count = 0;
      double ms = 0, floor_ms = 0, bytes = 0, flops = 0;
    };
    Run now;                                ///< the run that goes on
    std::map<std::string, double> against;  ///< floor by ceiling
    std::vector<Run> runs;
  };
  nlohmann::ordered_json kind_json(const std::string& name, const Kind& kind, double run_ms) const;

  const Ceilings& ceilings_;
  std::map<std::string, Kind> kinds_;
  std::vector<double> run_ms_, rest_ms_;
};

}  // namespace da3::bench
