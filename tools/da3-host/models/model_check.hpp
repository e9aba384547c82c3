// SPDX-License-Identifier: Apache-2.0
// Refuses what a model cannot do, before any work is done. The errors are DA3_E_UNSUPPORTED and belong to
// Phase::model: exit code 3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/model_facts.hpp"

namespace da3::host {

/// Something that a command line asks of the model.
struct Wanted {
  std::string by;          ///< the option that asks: "--poses"
  std::string capability;  ///< as in model_describe: "pose", "pose_input", "ray", "gaussians", ...
  std::string what;        ///< for people: "poses"
};

/// Throws Error(DA3_E_UNSUPPORTED) for the first one that the model lacks: "--poses: model 'da3mono-large'
/// takes no poses; use one that does: da3-small, ...".
void check_model(const ModelFacts& model, const std::vector<Wanted>& wanted);

/// Throws Error(DA3_E_UNSUPPORTED) for the first block that the model has not: blocks count from 0. by: the
/// option that asks.
void check_features(const ModelFacts& model, const std::vector<int64_t>& blocks, const std::string& by);

}  // namespace da3::host
