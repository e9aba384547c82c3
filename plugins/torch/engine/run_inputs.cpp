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

}  // namespace

void read_inputs(const da3_run& run, const Model& model, bool with_data, RunRequest& request) {
  const NamedInputs named = name_inputs(run);
  const da3_tensor& image = *run.in[named.image];
  if (!with_data && !image.data) {
    request.shape = image_shape(checked_shape(image, Side::input, named.image), named.image);
    return;
  }
  request.inputs.image = wrap_input(image, at::kByte, 5, named.image);
  request.shape = image_shape(request.inputs.image.sizes().vec(), named.image);
  if (named.intrinsics >= 0 && named.extrinsics < 0)
    throw Error(DA3_E_UNSUPPORTED,
                "input 'intrinsics' without 'extrinsics': this model uses them only together", kInput,
                named.intrinsics);
  if (named.extrinsics < 0) return;
  if (!model.capabilities().pose_input)
    throw Error(DA3_E_UNSUPPORTED, "input 'extrinsics': model '" + model.config().name + "' takes no poses",
                kInput, named.extrinsics);
  if (named.intrinsics < 0)
    throw Error(DA3_E_INVALID, "input 'extrinsics' needs 'intrinsics' beside it", kInput, named.extrinsics);
  request.inputs.extrinsics = wrap_input(*run.in[named.extrinsics], at::kFloat, 4, named.extrinsics);
  request.inputs.intrinsics = wrap_input(*run.in[named.intrinsics], at::kFloat, 4, named.intrinsics);
  check_camera_shape(request.inputs.extrinsics, request.shape, "extrinsics", 4, named.extrinsics);
  check_camera_shape(request.inputs.intrinsics, request.shape, "intrinsics", 3, named.intrinsics);
}

}  // namespace da3::engine
