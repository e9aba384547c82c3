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

namespace da3::engine {

namespace {

/// The block of "feature.<block>".
std::optional<int64_t> feature_block(std::string_view name) {
  constexpr std::string_view prefix = "feature.";
  if (!name.starts_with(prefix)) return std::nullopt;
  return option_type::parse_int(name.substr(prefix.size()));
}

OutputPlan plan_output(std::string_view name, const Model& model, int64_t index) {
  constexpr std::array<std::pair<std::string_view, OutputKind>, 6> kinds{
      {{"depth", OutputKind::depth},
       {"confidence", OutputKind::confidence},
       {"extrinsics", OutputKind::extrinsics},
       {"intrinsics", OutputKind::intrinsics},
       {"ray", OutputKind::ray},
       {"ray_confidence", OutputKind::ray_confidence}}};
  std::vector<std::string> known;
  for (const auto& [known_name, kind] : kinds) {
    known.emplace_back(known_name);
    if (known_name != name) continue;
    if ((kind == OutputKind::extrinsics || kind == OutputKind::intrinsics) && !model.has_cameras())
      throw Error(DA3_E_UNSUPPORTED,
                  "output '" + std::string(name) + "': model '" + model.config().name + "' has no cameras",
                  kOutput, index);
    return {kind, -1, nullptr};
  }
  if (const auto block = feature_block(name)) {
    if (*block < 0 || *block >= model.config().net.backbone.depth)
      throw Error(DA3_E_INVALID,
                  "output '" + std::string(name) + "': the backbone's blocks are 0 to " +
                      std::to_string(model.config().net.backbone.depth - 1),
                  kOutput, index);
    return {OutputKind::feature, *block, nullptr};
  }
  for (const char* other : {"sky", "scale_factor", "gaussians.means", "gaussians.scales",
                            "gaussians.rotations", "gaussians.harmonics", "gaussians.opacities"})
    if (name == other)
      throw Error(DA3_E_UNSUPPORTED,
                  "output '" + std::string(name) + "': model '" + model.config().name + "' does not make it",
                  kOutput, index);
  throw Error(DA3_E_INVALID,
              "unknown output '" + std::string(name.substr(0, 60)) + "'" + suggestion(name, known), kOutput,
              index);
}

std::vector<int64_t> output_shape(const OutputPlan& plan, const RunShape& s, const Model& model) {
  const int64_t rows = s.height / net::kPatch, columns = s.width / net::kPatch;
  switch (plan.kind) {
    case OutputKind::depth:
    case OutputKind::confidence:
      return {s.scenes, s.views, s.height, s.width};
    case OutputKind::extrinsics:
      return {s.scenes, s.views, 3, 4};
    case OutputKind::intrinsics:
      return {s.scenes, s.views, 3, 3};
    case OutputKind::ray:
      return {s.scenes, s.views, 8 * rows, 8 * columns, 6};
    case OutputKind::ray_confidence:
      return {s.scenes, s.views, 8 * rows, 8 * columns};
    default:
      return {s.scenes, s.views, rows, columns, model.config().net.backbone.embed_dim};
  }
}

}  // namespace

void read_outputs(const da3_run& run, const Model& model, RunRequest& request) {
  std::set<std::string> seen;
  request.network.depth = false;
  for (uint32_t i = 0; i < run.n_out; ++i) {
    if (!run.out || !run.out[i] || !run.out[i]->name)
      throw Error(DA3_E_INVALID, "bad output: output " + std::to_string(i) + " has no name", kOutput, i);
    const std::string name = run.out[i]->name;
    if (!seen.insert(name).second)
      throw Error(DA3_E_INVALID, "output '" + name + "' is asked for twice", kOutput, i);
    OutputPlan plan = plan_output(name, model, i);
    plan.target = run.out[i];
    check_output(*plan.target, output_shape(plan, request.shape, model), i);
    if (plan.kind == OutputKind::depth || plan.kind == OutputKind::confidence) request.network.depth = true;
    if (plan.kind == OutputKind::ray || plan.kind == OutputKind::ray_confidence) request.network.rays = true;
    if (plan.kind == OutputKind::extrinsics || plan.kind == OutputKind::intrinsics)
      request.network.cameras = true;
    if (plan.kind == OutputKind::feature) request.network.features.push_back(plan.block);
    request.outputs.push_back(plan);
  }
  if (request.outputs.empty()) throw Error(DA3_E_INVALID, "no output was asked for", kOutput, -1);
}

}  // namespace da3::engine
