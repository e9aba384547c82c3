// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/run_parts.hpp"
#include "engine/tensor_bridge.hpp"
#include "net/backbone.hpp"

namespace da3::engine {

namespace {

/// The model has this capability of checkpoint::describe ("" is had by all).
bool has(const Model& model, std::string_view capability) {
  return capability.empty() || checkpoint::has_capability(model.capabilities(), capability).value_or(false);
}

Error not_made(std::string_view name, const Model& model, const char* capability, int64_t index) {
  return Error(DA3_E_UNSUPPORTED,
               "output '" + std::string(name) + "': model '" + model.config().name +
                   "' does not make it; use one that does: " + checkpoint::models_with(capability),
               kOutput, index);
}

OutputPlan plan_output(std::string_view name, const Model& model, int64_t index) {
  std::vector<std::string> known;
  for (const OutputKind& kind : output_kinds()) {
    const bool available = has(model, kind.capability);
    if (kind.name == name) {
      if (!available) throw not_made(name, model, kind.capability, index);
      return {&kind, -1, nullptr};
    }
    if (available) known.emplace_back(kind.name);
  }
  if (const auto block = feature_block(name)) {
    const int64_t blocks = model.capabilities().feature_blocks;
    if (*block < 0 || *block >= blocks)
      throw Error(DA3_E_INVALID,
                  "output '" + std::string(name.substr(0, 60)) + "': the backbone's blocks are 0 to " +
                      std::to_string(blocks - 1),
                  kOutput, index);
    return {nullptr, *block, nullptr};
  }
  throw Error(DA3_E_INVALID,
              "unknown output '" + std::string(name.substr(0, 60)) + "'" + suggestion(name, known), kOutput,
              index);
}

std::vector<int64_t> output_shape(const OutputPlan& plan, const RunShape& s, const Model& model) {
  if (plan.kind) return plan.kind->shape(s, model.config());
  return {s.scenes, s.views, s.height / net::kPatch, s.width / net::kPatch,
          model.capabilities().feature_width};
}

}  // namespace

void read_outputs(const da3_run& run, const Model& model, RunRequest& request) {
  std::set<std::string> seen;
  request.network.depth = false;
  for (uint32_t i = 0; i < run.n_out; ++i) {
    if (!run.out || !run.out[i] || !DA3_HAS(run.out[i], da3_tensor, name) || !run.out[i]->name)
      throw Error(DA3_E_INVALID, "bad output: output " + std::to_string(i) + " has no name", kOutput, i);
    const std::string name = run.out[i]->name;
    check_struct(*run.out[i], Side::output, i);
    if (!seen.insert(name).second)
      throw Error(DA3_E_INVALID, "output '" + name + "' is asked for twice", kOutput, i);
    OutputPlan plan = plan_output(name, model, i);
    plan.target = run.out[i];
    check_output(*plan.target, output_shape(plan, request.shape, model), i);
    if (plan.kind)
      plan.kind->ask(request.network);
    else
      request.network.features.push_back(plan.block);
    request.outputs.push_back(plan);
  }
  if (request.outputs.empty()) throw Error(DA3_E_INVALID, "no output was asked for", kOutput, -1);
}

}  // namespace da3::engine
