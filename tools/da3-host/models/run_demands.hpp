// SPDX-License-Identifier: Apache-2.0
// What the settings of a run ask of its model.
#pragma once

#include <string>
#include <string_view>

#include "models/model_facts.hpp"
#include "settings.hpp"

namespace da3::host {

/// "--poses", or the place in a profile that says it.
std::string origin_of(const Setup& setup, std::string_view key);

/// A known focal length makes points of the depth of a model without cameras.
bool intrinsics_serve_a_format(const RunSettings& settings, const ModelFacts& model);

/// Throws PhaseError (Phase::model) for the first thing that the model cannot do, with the option that asks
/// for it and the models that can. poses_by_folder: poses came with the images, and nobody asked for them by
/// name.
void check_demands(const Setup& setup, const RunSettings& settings, const ModelFacts& model,
                   bool poses_by_folder);

}  // namespace da3::host
