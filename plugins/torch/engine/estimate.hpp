// SPDX-License-Identifier: Apache-2.0
// What a run needs, from shapes alone.
#pragma once

#include <cstdint>

#include "engine/run_request.hpp"

namespace da3::engine {

/// Bytes of activations and outputs at the run's highest point, weights not counted. An upper estimate.
uint64_t estimate_activations(const RunRequest& request, const Model& model);

/// Throws Error(DA3_E_NOMEM_HOST) with the estimate, the limit and what to lower, when the run cannot fit.
void check_fits(const RunRequest& request, const Model& model);

}  // namespace da3::engine
