// SPDX-License-Identifier: Apache-2.0
// CUDA's decisions: a pure function, so that GPUs which nobody here has can be tested from their records.
#pragma once

#include "common/option_set.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {

/// id: the device that the host asks for; cuda.device wins. Throws Error: DA3_E_UNAVAILABLE for a device that
/// cannot be used, DA3_E_NOT_FOUND for one that is not there, DA3_E_UNSUPPORTED for what this backend does
/// not do; each with the reason.
thin::Decision decide(const Capabilities&, const thin::OptionSet&, thin::DeviceId id);

}  // namespace da3::cuda
