// SPDX-License-Identifier: Apache-2.0
// Arithmetic and the attention kernel that goes with it.
#pragma once

#include "common/report.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {

/// Fills precision, head_precision and reduced_reductions of the decision's policy and reports them.
void decide_precision(const hardware::NvidiaDevice&, const thin::OptionSet&, thin::Decision&, thin::Report&);

/// After decide_precision.
void decide_attention(const hardware::NvidiaDevice&, const thin::OptionSet&, thin::Decision&, thin::Report&);

}  // namespace da3::cuda
