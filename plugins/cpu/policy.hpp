// SPDX-License-Identifier: Apache-2.0
// The CPU's decisions: a pure function, so that machines which nobody here has can be tested from their
// records.
#pragma once

#include "common/option_set.hpp"
#include "cpu/capabilities.hpp"

namespace da3::cpu {

/// cpu_budget: threads that the host suggests, 0 = none. Throws DA3_E_UNSUPPORTED with the reason for what
/// this backend or this version does not do.
thin::Decision decide(const Capabilities&, const thin::OptionSet&, uint32_t cpu_budget);

}  // namespace da3::cpu
