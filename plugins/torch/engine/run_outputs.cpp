// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <array>
#include <optional>
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

/// The block of "feature.<block>".
std::optional<int64_t> feature_block(std::string_view name) {
  constexpr std::string_view prefix = "feature.";
  if (!name.starts_with(prefix)) return std::nullopt;
  return option_type::parse_int(name.substr(prefix.size()));
}

struct NamedOutput {
  std::string_view name;
  OutputKind kind;
  bool available;
};

std::vector<NamedOutput> named_outputs(const net::Capabilities& can) {
  return {{"depth", OutputKind::depth, true},
          {"confidence", OutputKind::confidence, can.confidence},
          {"sky", OutputKind::sky, can.sky},
          {"extrinsics", OutputKind::extrinsics, can.pose},
          {"intrinsics", OutputKind::intrinsics, can.pose},
          {"ray", OutputKind::ray, can.ray},
          {"ray_confidence", OutputKind::ray_confidence, can.ray},
          {"scale_factor", OutputKind::scale_factor, can.scale_factor}};
}

OutputPlan plan_output(std::string_view name, const Model& model, int64_t index) {
  const net::Capabilities& can = model.capabilities();
  const auto not_made = [&] {
    return Error(DA3_E_UNSUPPORTED,
                 "output '" + std::string(name) + "': model '" + model.config().name + "' does not make it",
                 kOutput, index);
  };
  std::vector<std::string> known;
  for (const NamedOutput& output : named_outputs(can)) {
    if (output.name == name) {
      if (!output.available) throw not_made();
      return {output.kind, -1, nullptr};
    }
    if (output.available) known.emplace_back(output.name);
  }
  if (const auto block = feature_block(name)) {
    if (*block < 0 || *block >= can.feature_blocks)
      throw Error(DA3_E_INVALID,
                  "output '" + std::string(name) + "': the backbone's blocks are 0 to " +
                      std::to_string(can.feature_blocks - 1),
                  kOutput, index);
    return {OutputKind::feature, *block, nullptr};
  }
  if (name.starts_with("gaussians.")) throw not_made();
  throw Error(DA3_E_INVALID,
              "unknown output '" + std::string(name.substr(0, 60)) + "'" + suggestion(name, known), kOutput,
              index);
}

std::vector<int64_t> output_shape(const OutputPlan& plan, const RunShape& s, const Model& model) {
  const int64_t rows = s.height / net::kPatch, columns = s.width / net::kPatch;
  switch (plan.kind) {
    case OutputKind::depth:
    case OutputKind::confidence:
    case OutputKind::sky:
      return {s.scenes, s.views, s.height, s.width};
    case OutputKind::extrinsics:
      return {s.scenes, s.views, 3, 4};
    case OutputKind::intrinsics:
      return {s.scenes, s.views, 3, 3};
    case OutputKind::ray:
      return {s.scenes, s.views, 8 * rows, 8 * columns, 6};
    case OutputKind::ray_confidence:
      return {s.scenes, s.views, 8 * rows, 8 * columns};
    case OutputKind::scale_factor:
      return {s.scenes};
    default:
      return {s.scenes, s.views, rows, columns, model.capabilities().feature_width};
  }
}

/// What the network must compute for an output.
void ask_for(const OutputPlan& plan, net::NetRequest& network) {
  switch (plan.kind) {
    case OutputKind::depth:
    case OutputKind::confidence:
      network.depth = true;
      break;
    case OutputKind::sky:
      network.sky = true;
      break;
    case OutputKind::extrinsics:
    case OutputKind::intrinsics:
      network.cameras = true;
      break;
    case OutputKind::ray:
    case OutputKind::ray_confidence:
      network.rays = true;
      break;
    case OutputKind::scale_factor:
      network.scale_factor = true;
      break;
    case OutputKind::feature:
      network.features.push_back(plan.block);
      break;
  }
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
    ask_for(plan, request.network);
    request.outputs.push_back(plan);
  }
  if (request.outputs.empty()) throw Error(DA3_E_INVALID, "no output was asked for", kOutput, -1);
}

}  // namespace da3::engine
