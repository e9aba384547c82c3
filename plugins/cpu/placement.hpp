// SPDX-License-Identifier: Apache-2.0
// How many threads, for how many sessions at the same time, on which CPUs: a part of the CPU's policy, pure
// as the rest.
#pragma once

#include "common/option_set.hpp"
#include "cpu/capabilities.hpp"

namespace da3::cpu {

/// Fills in the policy's threads, sessions, budget and CPUs, and tells them. cpu_budget: see decide.
/// Throws DA3_E_UNSUPPORTED with the reason.
void decide_placement(const Capabilities&, const thin::OptionSet&, uint32_t cpu_budget, thin::Decision&);

}  // namespace da3::cpu
