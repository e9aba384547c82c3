// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/Tensor.h>
#include <da3/error.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/run_parts.hpp"
#include "engine/tensor_bridge.hpp"
#include "net/backbone.hpp"

namespace da3::engine {

namespace {

constexpr int64_t kLargestImageSide = 16384;
constexpr int64_t kMostViews = 1 << 20;

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

void check_camera_shape(const da3_tensor& tensor, const RunShape& shape, int64_t rows, int64_t index) {
  check_input(tensor, at::kFloat, index);
  const std::vector<int64_t> want{shape.scenes, shape.views, rows, rows};
  const std::vector<int64_t> given = checked_shape(tensor, Side::input, index);
  if (given != want)
    throw Error(DA3_E_SHAPE,
                std::string("bad input '") + tensor.name + "': its shape is " + shape_text(given) +
                    ", the images ask for " + shape_text(want),
                kInput, index);
}

at::Tensor finite_cameras(const da3_tensor& tensor, int64_t index) {
  const at::Tensor cameras = wrap_input(tensor, at::kFloat, index);
  if (!cameras.isfinite().all().item<bool>())
    throw Error(DA3_E_INVALID,
                std::string("bad input '") + tensor.name + "': it holds values that are not finite", kInput,
                index);
  return cameras;
}

struct NamedInputs {
  int64_t image = -1, extrinsics = -1, intrinsics = -1;
};

NamedInputs name_inputs(const da3_run& run) {
  NamedInputs named;
  for (uint32_t i = 0; i < run.n_in; ++i) {
    if (!run.in || !run.in[i] || !DA3_HAS(run.in[i], da3_tensor, name) || !run.in[i]->name)
      throw Error(DA3_E_INVALID, "bad input: input " + std::to_string(i) + " has no name", kInput, i);
    const std::string name = run.in[i]->name;
    check_struct(*run.in[i], Side::input, i);
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

}  // namespace

void read_inputs(const da3_run& run, const Model& model, bool with_data, RunRequest& request) {
  const NamedInputs named = name_inputs(run);
  check_input(*run.in[named.image], at::kByte, named.image);
  request.shape = image_shape(checked_shape(*run.in[named.image], Side::input, named.image), named.image);
  const bool posed = request.posed = named.extrinsics >= 0;
  if (posed && !model.capabilities().pose_input)
    throw Error(DA3_E_UNSUPPORTED,
                "input 'extrinsics': model '" + model.config().name +
                    "' takes no poses; use one that does: " + checkpoint::models_with("pose_input"),
                kInput, named.extrinsics);
  if (posed && named.intrinsics < 0)
    throw Error(DA3_E_INVALID, "input 'extrinsics' needs 'intrinsics' beside it", kInput, named.extrinsics);
  if (posed) check_camera_shape(*run.in[named.extrinsics], request.shape, 4, named.extrinsics);
  if (named.intrinsics >= 0)
    check_camera_shape(*run.in[named.intrinsics], request.shape, 3, named.intrinsics);
  if (!with_data) return;
  request.inputs.image = wrap_input(*run.in[named.image], at::kByte, named.image);
  // Intrinsics without poses are checked and change nothing: upstream's networks take both or none.
  if (named.intrinsics >= 0)
    request.inputs.intrinsics = finite_cameras(*run.in[named.intrinsics], named.intrinsics);
  if (posed) request.inputs.extrinsics = finite_cameras(*run.in[named.extrinsics], named.extrinsics);
}

}  // namespace da3::engine
