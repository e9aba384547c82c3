// SPDX-License-Identifier: Apache-2.0
// What more threads bring: parallel efficiency of a case and the serial part of each of its stages.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace da3::bench {

/// t(n) = serial + parallel / n, the line through (1/n, t) that fits best with neither part under zero.
struct AmdahlFit {
  double serial = 0, parallel = 0;                                      ///< milliseconds
  double serial_share() const { return serial / (serial + parallel); }  ///< of the time of one thread
};
/// points: threads and milliseconds; at least two different numbers of threads. Throws Error(DA3_E_INVALID).
AmdahlFit fit_amdahl(const std::vector<std::pair<int, double>>& points);

/// 1, 2, 4, ... below n, then n.
std::vector<std::string> thread_counts(int n);

/// From the cases of a da3.bench/1 document that differ in "threads" alone: a list of {"name", "threads":
/// [{"threads", "ms", "speedup", "efficiency"}], "serial_share", "stages": [{"name", "serial_ms",
/// "parallel_ms", "serial_share"}]}, by medians. A case with one number of threads is left out; speed-ups are
/// against its fewest threads.
nlohmann::ordered_json scaling_of(const nlohmann::ordered_json& cases);

std::string scaling_markdown(const nlohmann::ordered_json& scaling);
std::string scaling_csv(const nlohmann::ordered_json& scaling);

}  // namespace da3::bench
