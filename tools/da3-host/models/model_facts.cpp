// SPDX-License-Identifier: Apache-2.0
#include "models/model_facts.hpp"

#include <algorithm>
#include <da3/option_type.hpp>
#include <utility>

#include "checkpoint/safetensors.hpp"

namespace da3::host {
namespace {

using checkpoint::Capabilities;

/// One way from keys to facts for both tellers, so that they cannot disagree.
class Collector {
 public:
  void take(std::string_view key, const std::string& value) {
    if (key == "model.name") facts_.name = value;
    if (key == "model.family") facts_.family = value;
    if (key == "model.license") facts_.license = value;
    if (key == "model.parameters") facts_.parameters = option_type::parse_int(value).value_or(0);
    if (key == "model.process_res") facts_.process_res = option_type::parse_int(value).value_or(0);
    if (key == "output.scale_factor") facts_.can.scale_factor = true;
    if (key.starts_with("output.feature.")) ++facts_.can.feature_blocks;
    for (const auto& [name, member] : checkpoint::capability_flags())
      if (key.starts_with("capability.") && key.substr(11) == name) facts_.can.*member = value == "true";
  }
  ModelFacts facts() && { return std::move(facts_); }

 private:
  ModelFacts facts_;
};

ModelFacts facts_of(const checkpoint::ModelConfig& config) {
  Collector collector;
  for (const auto& [key, value] : checkpoint::describe(config)) collector.take(key, value);
  ModelFacts facts = std::move(collector).facts();
  facts.can = checkpoint::capabilities(config);
  return facts;
}

}  // namespace

ModelFacts read_model(const std::filesystem::path& folder) {
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  for (const auto& [name, view] : file.tensors()) shapes.emplace(name, view.shape);
  return facts_of(checkpoint::resolve_config(folder, shapes));
}

std::optional<ModelFacts> model_facts(const std::filesystem::path& folder) {
  try {
    return read_model(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

ModelFacts model_facts(const std::vector<Setting>& described) {
  Collector collector;
  for (const Setting& setting : described) collector.take(setting.key, setting.value);
  return std::move(collector).facts();
}

ModelFacts published_facts(std::string_view name) { return facts_of(*checkpoint::published_model(name)); }

bool can_do(const Capabilities& can, std::string_view capability) {
  if (capability == "depth") return true;
  if (const auto has = checkpoint::has_capability(can, capability)) return *has;
  throw Error(DA3_E_INTERNAL,
              "no capability is named \"" + std::string(capability) + "\": an error in da3-host; report it");
}

const std::vector<std::string_view>& capability_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list{"depth"};
    for (const auto& [name, member] : checkpoint::capability_flags()) list.push_back(name);
    list.push_back("features");
    return list;
  }();
  return names;
}

}  // namespace da3::host
