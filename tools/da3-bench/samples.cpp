// SPDX-License-Identifier: Apache-2.0
#include "samples.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double>& of_stage(std::vector<std::pair<std::string, std::vector<double>>>& stages,
                              const std::string& name) {
  const auto known =
      std::find_if(stages.begin(), stages.end(), [&](const auto& stage) { return stage.first == name; });
  if (known != stages.end()) return known->second;
  return stages.emplace_back(name, std::vector<double>{}).second;
}

}  // namespace

void SampleSet::add(const RunSample& sample) {
  total_.push_back(sample.milliseconds);
  double rest = sample.milliseconds;
  for (const auto& [name, milliseconds] : sample.stages.all()) {
    of_stage(stages_, name).push_back(milliseconds);
    rest -= milliseconds;
  }
  if (!sample.stages.all().empty()) of_stage(stages_, "other").push_back(std::max(rest, 0.0));
}

void SampleSet::add(const SampleSet& other) {
  total_.insert(total_.end(), other.total_.begin(), other.total_.end());
  for (const auto& [name, times] : other.stages_) {
    std::vector<double>& mine = of_stage(stages_, name);
    mine.insert(mine.end(), times.begin(), times.end());
  }
}

Json to_json(const Summary& summary) {
  return {{"count", summary.count}, {"min", summary.minimum},  {"mean", summary.mean},
          {"p50", summary.p50},     {"p90", summary.p90},      {"p99", summary.p99},
          {"max", summary.maximum}, {"spread", summary.spread}};
}

Json SampleSet::summary_json() const { return to_json(summarize(total_)); }

Json SampleSet::stages_summary_json() const {
  Json json = Json::object();
  for (const auto& [name, times] : stages_) json[name] = to_json(summarize(times));
  return json;
}

Json SampleSet::json() const {
  Json stages = Json::object();
  for (const auto& [name, times] : stages_) stages[name] = times;
  return {{"total", total_}, {"stages", std::move(stages)}};
}

}  // namespace da3::bench
