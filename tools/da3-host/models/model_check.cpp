// SPDX-License-Identifier: Apache-2.0
#include "models/model_check.hpp"

namespace da3::host {
namespace {

std::string title(const ModelFacts& model) {
  return model.name.empty() || model.name == "unknown" ? "this model" : "model '" + model.name + "'";
}

/// Poses and focal lengths can be given to a model; everything else comes out of it.
std::string_view verb(std::string_view capability) {
  return capability == "pose_input" || capability == "metric_by_focal" ? "takes" : "gives";
}

}  // namespace

void check_model(const ModelFacts& model, const std::vector<Wanted>& wanted) {
  for (const Wanted& one : wanted) {
    if (can_do(model.can, one.capability)) continue;
    throw Error(DA3_E_UNSUPPORTED, one.by + ": " + title(model) + " " + std::string(verb(one.capability)) +
                                       " no " + one.what +
                                       "; use one that does: " + checkpoint::models_with(one.capability));
  }
}

void check_features(const ModelFacts& model, const std::vector<int64_t>& blocks, const std::string& by) {
  const int64_t count = model.can.feature_blocks;
  if (!blocks.empty() && count == 0)
    throw Error(DA3_E_UNSUPPORTED, by + ": " + title(model) + " gives no features; use one that does: " +
                                       checkpoint::models_with("features"));
  for (const int64_t block : blocks)
    if (block < 0 || block >= count)
      throw Error(DA3_E_UNSUPPORTED, by + ": " + title(model) + " has no block " + std::to_string(block) +
                                         "; choose among 0 to " + std::to_string(count - 1));
}

}  // namespace da3::host
