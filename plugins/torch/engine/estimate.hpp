// SPDX-License-Identifier: Apache-2.0
// What a run needs, from shapes alone.
#pragma once

#include <cstdint>
#include <string>

#include "engine/run_request.hpp"

namespace da3::engine {

/// Bytes of activations and outputs at the run's highest point, weights not counted. An upper estimate.
uint64_t estimate_activations(const RunRequest& request, const Model& model);

/// Bytes of the model's weights in a run, with the parts that it is the first to ask for.
uint64_t weights_for(const RunRequest& request, const Model& model);

/// Throws Error(DA3_E_NOMEM_HOST or _DEVICE) when the weights alone are more than the policy allows.
void check_weights_fit(const std::string& model, uint64_t weight_bytes, const Policy& policy);

/// Throws Error(DA3_E_NOMEM_HOST or _DEVICE) with the estimate, the limit and what to lower, when the run
/// cannot fit.
void check_fits(const RunRequest& request, const Model& model);

}  // namespace da3::engine
