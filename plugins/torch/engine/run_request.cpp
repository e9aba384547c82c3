// SPDX-License-Identifier: Apache-2.0
#include "engine/run_request.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/tensor_bridge.hpp"

namespace da3::engine {

namespace {

constexpr int32_t kOption = 1, kInput = 2, kOutput = 3;  // da3_error.kind
constexpr int64_t kLargestImageSide = 16384;
constexpr int64_t kMostViews = 1 << 20;

using option_type::nearest;

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::string near = nearest(name, known);
  return near.empty() ? std::string() : "; did you mean '" + near + "'?";
}

void read_options(const da3_run& run, RunRequest& request) {
  const std::vector<std::string> known{"ref_view_strategy", "use_ray_pose", "seed"};
  std::set<std::string> seen;
  for (uint32_t i = 0; i < run.n_opts; ++i) {
    if (!run.opts || !run.opts[i] || !run.opts[i]->key || !run.opts[i]->value)
      throw Error(DA3_E_INVALID, "bad run option: option " + std::to_string(i) + " has no key or value",
                  kOption, i);
    const std::string key = run.opts[i]->key, value = run.opts[i]->value;
    const auto bad_value = [&](const std::string& want) {
      return Error(DA3_E_BAD_VALUE,
                   "bad value of run option '" + key + "': '" + value.substr(0, 60) + "' is not " + want,
                   kOption, i);
    };
    if (!seen.insert(key).second)
      throw Error(DA3_E_INVALID, "run option '" + key + "' is given twice", kOption, i);
    if (key == "ref_view_strategy") {
      try {
        request.network.reference = net::reference_strategy(value);
      } catch (const Error& e) {
        throw Error(e.code(), e.message(), kOption, i);
      }
    } else if (key == "use_ray_pose") {
      const auto flag = option_type::parse_bool(value);
      if (!flag) throw bad_value("true or false");
      if (*flag)
        throw Error(
            DA3_E_UNSUPPORTED,
            "use_ray_pose is not in this version; leave it at false: poses come from the camera decoder",
            kOption, i);
    } else if (key == "seed") {
      if (!option_type::parse_int(value)) throw bad_value("a whole number");
    } else {
      throw Error(DA3_E_UNKNOWN_KEY,
                  "unknown run option '" + key.substr(0, 60) + "'" + suggestion(key, known), kOption, i);
    }
  }
}

RunShape image_shape(const std::vector<int64_t>& s, int64_t index) {
  const auto refuse = [&](const std::string& why) {
    return Error(DA3_E_SHAPE, "bad input 'image': shape " + shape_text(s) + " " + why, kInput, index);
  };
  if (s.size() != 5 || s[4] != 3) throw refuse("is not [B,S,H,W,3]");
  if (s[2] % net::kPatch != 0 || s[3] % net::kPatch != 0)
    throw refuse("has a height or width that is not a multiple of 14");
  if (s[2] > kLargestImageSide || s[3] > kLargestImageSide)
    throw refuse("is larger than 16384 pixels on a side");
  if (s[0] > kMostViews || s[1] > kMostViews || s[0] * s[1] > kMostViews)
    throw refuse("has more than 2^20 views");
  return {s[0], s[1], s[2], s[3]};
}

void check_camera_shape(const at::Tensor& t, const RunShape& shape, const char* name, int64_t rows,
                        int64_t index) {
  const std::vector<int64_t> want{shape.scenes, shape.views, rows, rows};
  if (t.sizes().vec() != want)
    throw Error(DA3_E_SHAPE,
                std::string("bad input '") + name + "': its shape is " + shape_text(t.sizes().vec()) +
                    ", the images ask for " + shape_text(want),
                kInput, index);
  if (!t.isfinite().all().item<bool>())
    throw Error(DA3_E_INVALID, std::string("bad input '") + name + "': it holds values that are not finite",
                kInput, index);
}

struct NamedInputs {
  int64_t image = -1, extrinsics = -1, intrinsics = -1;
};

NamedInputs name_inputs(const da3_run& run) {
  NamedInputs named;
  for (uint32_t i = 0; i < run.n_in; ++i) {
    if (!run.in || !run.in[i] || !run.in[i]->name)
      throw Error(DA3_E_INVALID, "bad input: input " + std::to_string(i) + " has no name", kInput, i);
    const std::string name = run.in[i]->name;
    int64_t* slot = name == "image"        ? &named.image
                    : name == "extrinsics" ? &named.extrinsics
                    : name == "intrinsics" ? &named.intrinsics
                                           : nullptr;
    if (!slot)
      throw Error(DA3_E_INVALID,
                  "unknown input '" + name.substr(0, 60) + "'" +
                      suggestion(name, {"image", "extrinsics", "intrinsics"}),
                  kInput, i);
    if (*slot >= 0) throw Error(DA3_E_INVALID, "input '" + name + "' is given twice", kInput, i);
    *slot = i;
  }
  if (named.image < 0) throw Error(DA3_E_INVALID, "input 'image' is missing", kInput, -1);
  return named;
}

void read_inputs(const da3_run& run, const Model& model, bool with_data, RunRequest& request) {
  const NamedInputs named = name_inputs(run);
  const da3_tensor& image = *run.in[named.image];
  if (!with_data && !image.data) {
    request.shape = image_shape(std::vector<int64_t>(image.shape, image.shape + std::clamp(image.ndim, 0, 8)),
                                named.image);
    return;
  }
  request.inputs.image = wrap_input(image, at::kByte, 5, named.image);
  request.shape = image_shape(request.inputs.image.sizes().vec(), named.image);
  if (named.intrinsics >= 0 && named.extrinsics < 0)
    throw Error(DA3_E_UNSUPPORTED,
                "input 'intrinsics' without 'extrinsics': this model uses them only together", kInput,
                named.intrinsics);
  if (named.extrinsics < 0) return;
  if (!model.has_cameras())
    throw Error(DA3_E_UNSUPPORTED, "input 'extrinsics': model '" + model.config().name + "' takes no poses",
                kInput, named.extrinsics);
  if (named.intrinsics < 0)
    throw Error(DA3_E_INVALID, "input 'extrinsics' needs 'intrinsics' beside it", kInput, named.extrinsics);
  request.inputs.extrinsics = wrap_input(*run.in[named.extrinsics], at::kFloat, 4, named.extrinsics);
  request.inputs.intrinsics = wrap_input(*run.in[named.intrinsics], at::kFloat, 4, named.intrinsics);
  check_camera_shape(request.inputs.extrinsics, request.shape, "extrinsics", 4, named.extrinsics);
  check_camera_shape(request.inputs.intrinsics, request.shape, "intrinsics", 3, named.intrinsics);
}

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

}  // namespace

RunRequest read_run(const da3_run& run, const Model& model, bool with_data) {
  RunRequest request;
  read_options(run, request);
  read_inputs(run, model, with_data, request);
  read_outputs(run, model, request);
  request.network.head_chunk_views = model.context().policy.head_chunk_views;
  return request;
}

}  // namespace da3::engine
