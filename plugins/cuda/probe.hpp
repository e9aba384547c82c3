// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/backend.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {

constexpr int32_t dl_cuda = 2;

/// Tells every device as the ABI does, in CUDA's order; unusable ones, or one that stands for all that is
/// missing, with score 0 and the reason.
void tell_devices(const Capabilities&, const thin::DeviceSink&);

/// 300 and more, 200 to 299 for integrated ones; 0: unusable.
int32_t score(const Capabilities&, const hardware::NvidiaDevice&);

}  // namespace da3::cuda
