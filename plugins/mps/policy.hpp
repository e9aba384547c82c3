// SPDX-License-Identifier: Apache-2.0
// Metal's decisions: a pure function, so that Macs which nobody here has can be tested from their records.
#pragma once

#include "common/option_set.hpp"
#include "mps/capabilities.hpp"

namespace da3::mps {

/// Throws Error: DA3_E_NOT_FOUND for another device than type 8, index 0, DA3_E_UNAVAILABLE for one that
/// cannot be used, DA3_E_UNSUPPORTED for what this backend does not do; each with the reason.
thin::Decision decide(const Capabilities&, const thin::OptionSet&, thin::DeviceId id);

}  // namespace da3::mps
