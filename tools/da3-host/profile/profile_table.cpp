// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <utility>

#include "profile/run_profile.hpp"

namespace da3::host {
namespace {

/// Spans of one name (stages) or one kind (layers).
struct Sum {
  std::string name;
  size_t count = 0;
  double ms = 0, bytes = 0, flops = 0;
  bool bytes_known = true, flops_known = true;
  std::vector<Sum> parts = {}, operations = {};

  void add(const TraceSpan& span) {
    ++count;
    ms += static_cast<double>(span.duration_ns) / 1e6;
    bytes_known = bytes_known && span.bytes, flops_known = flops_known && span.flops;
    bytes += static_cast<double>(span.bytes.value_or(0)),
        flops += static_cast<double>(span.flops.value_or(0));
  }
};

Sum& of_name(std::vector<Sum>& sums, const std::string& name) {
  const auto known = std::find_if(sums.begin(), sums.end(), [&](const Sum& sum) { return sum.name == name; });
  if (known != sums.end()) return *known;
  sums.push_back({name});
  return sums.back();
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string rate(bool known, double amount, double ms) {
  return known && ms > 0 ? format("%10.1f", amount / ms / 1e6) : std::string(10, ' ');
}

std::string row(const std::string& name, const Sum& sum, double whole) {
  return format("| %-24s | %6zu | %12.2f | %7.1f %% | %10.3f | ", name.c_str(), sum.count, sum.ms,
                whole > 0 ? 100 * sum.ms / whole : 0, sum.ms / static_cast<double>(sum.count)) +
         rate(sum.bytes_known, sum.bytes, sum.ms) + " | " + rate(sum.flops_known, sum.flops, sum.ms) + " |\n";
}

}  // namespace

std::string RunProfile::table() const {
  const std::lock_guard lock(mutex_);
  std::vector<Sum> stages;
  // Layers come before the stage that they lie in, on the same track.
  std::map<uint32_t, std::vector<const TraceSpan*>> waiting;
  double whole = 0;
  for (const Event& event : events_) {
    if (event.own) continue;
    const TraceSpan& span = event.span;
    std::vector<const TraceSpan*>& layers = waiting[span.track];
    if (span.category != TraceSpan::Category::stage) {
      layers.push_back(&span);
      continue;
    }
    Sum& stage = of_name(stages, span.name);
    stage.add(span);
    whole += static_cast<double>(span.duration_ns) / 1e6;
    for (const TraceSpan* part : layers)
      of_name(part->category == TraceSpan::Category::layer ? stage.parts : stage.operations, part->kind)
          .add(*part);
    layers.clear();
  }
  if (stages.empty()) return "The backend reports no stages: nothing is known of where the time goes.\n";
  std::string text =
      "| stage, kind of layer     | number |     total ms |     share |    mean ms |       GB/s |   GFLOP/s  "
      "|\n"
      "|--------------------------|-------:|-------------:|----------:|-----------:|-----------:|-----------:"
      "|\n";
  for (Sum& stage : stages) {
    text += row(stage.name, stage, whole);
    for (auto [parts, mark] : {std::pair(&stage.parts, "- "), std::pair(&stage.operations, "= ")}) {
      std::stable_sort(parts->begin(), parts->end(), [](const Sum& a, const Sum& b) { return a.ms > b.ms; });
      for (const Sum& part : *parts) text += row(mark + part.name, part, stage.ms);
    }
  }
  return text +
         "\nA stage's share is of all stages, a layer's (-) and an operation's (=) of its stage; operations "
         "lie in "
         "layers.\n";
}

}  // namespace da3::host
