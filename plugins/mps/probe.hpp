// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/backend.hpp"
#include "mps/capabilities.hpp"

namespace da3::mps {

constexpr int32_t dl_metal = 8;

/// The one device, or one that stands for what is missing, with score 0 and the reason.
void tell_devices(const Capabilities&, const thin::DeviceSink&);

}  // namespace da3::mps
