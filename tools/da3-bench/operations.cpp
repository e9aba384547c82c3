// SPDX-License-Identifier: Apache-2.0
#include "operations.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "statistics.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view product_prefix = "product ";
constexpr const char* copy_kind = "copy";

double milliseconds(const TraceSpan& span) { return static_cast<double>(span.duration_ns) / 1e6; }

/// Per second, in units of 10^9; null where either is not known.
Json giga_rate(double amount, double ms) { return amount > 0 && ms > 0 ? Json(amount / ms / 1e6) : Json(); }

}  // namespace

void Ceilings::add(const TraceSpan& span) {
  if (span.category != TraceSpan::Category::operation || span.duration_ns == 0) return;
  const double seconds = static_cast<double>(span.duration_ns) / 1e9;
  if (span.kind.starts_with(product_prefix) && span.flops) {
    double& best = products_[span.kind];
    best = std::max(best, static_cast<double>(*span.flops) / seconds);
  } else if (span.kind == copy_kind && span.bytes) {
    copy_ = std::max(copy_, static_cast<double>(*span.bytes) / seconds);
  }
}

Ceilings::Floor Ceilings::floor_of(const TraceSpan& operation) const {
  Floor floor;
  const std::string product =
      std::string(product_prefix) + operation.kind.substr(operation.kind.rfind(' ') + 1);
  if (const auto best = products_.find(product); operation.flops && best != products_.end())
    floor = {static_cast<double>(*operation.flops) / best->second * 1e3, product};
  if (operation.bytes && copy_ > 0) {
    const double ms = static_cast<double>(*operation.bytes) / copy_ * 1e3;
    if (ms > floor.ms) floor = {ms, copy_kind};
  }
  return floor;
}

Json Ceilings::json() const {
  Json json = Json::object();
  for (const auto& [kind, rate] : products_) json[kind] = {{"gflop_per_s", rate / 1e9}};
  if (copy_ > 0) json[copy_kind] = {{"gb_per_s", copy_ / 1e9}};
  return json;
}

void Operations::add(const TraceSpan& span) {
  if (span.category != TraceSpan::Category::operation) return;
  Kind& kind = kinds_[span.kind];
  const Ceilings::Floor floor = ceilings_.floor_of(span);
  ++kind.now.count;
  kind.now.ms += milliseconds(span);
  kind.now.floor_ms += floor.ms;
  kind.now.bytes += static_cast<double>(span.bytes.value_or(0));
  kind.now.flops += static_cast<double>(span.flops.value_or(0));
  if (floor.ms > 0) kind.against[floor.against] += floor.ms;
}

void Operations::end_run(double ms) {
  double rest = ms;
  for (auto& [name, kind] : kinds_) {
    rest -= kind.now.ms;
    kind.runs.push_back(std::exchange(kind.now, {}));
  }
  run_ms_.push_back(ms);
  rest_ms_.push_back(rest);
}

Json Operations::kind_json(const std::string& name, const Kind& kind, double run_ms) const {
  std::vector<double> times;
  for (const Kind::Run& run : kind.runs) times.push_back(run.ms);
  const double ms = median(times);
  const Kind::Run& last = kind.runs.back();  // all runs do the same work
  const auto against = std::max_element(kind.against.begin(), kind.against.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return {{"kind", name},
          {"count", last.count},
          {"ms", ms},
          {"share", run_ms > 0 ? ms / run_ms : 0},
          {"gflop", last.flops / 1e9},
          {"mb", last.bytes / 1e6},
          {"gflop_per_s", giga_rate(last.flops, ms)},
          {"gb_per_s", giga_rate(last.bytes, ms)},
          {"ceiling", against == kind.against.end() ? Json() : Json(against->first)},
          {"floor_ms", last.floor_ms > 0 ? Json(last.floor_ms) : Json()},
          {"of_ceiling", last.floor_ms > 0 && ms > 0 ? Json(last.floor_ms / ms) : Json()}};
}

Json Operations::json() const {
  if (run_ms_.empty()) return {{"run_ms", nullptr}, {"operations", Json::array()}, {"rest", nullptr}};
  const double run_ms = median(run_ms_), rest_ms = median(rest_ms_);
  std::vector<Json> list;
  for (const auto& [name, kind] : kinds_) list.push_back(kind_json(name, kind, run_ms));
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    return a.at("ms").get<double>() > b.at("ms").get<double>();
  });
  return {{"run_ms", run_ms},
          {"operations", list},
          {"rest", {{"ms", rest_ms}, {"share", run_ms > 0 ? rest_ms / run_ms : 0}}}};
}

}  // namespace da3::bench
