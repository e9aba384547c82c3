// SPDX-License-Identifier: Apache-2.0
// The table of a thin plugin: options, policy and describe without LibTorch; the engine is opened at the
// first model_load.
#pragma once

#include "common/backend.hpp"

namespace da3::thin {

/// Defined once in every plugin's plugin.cpp.
const Backend& backend();

/// The body of da3_plugin_entry.
int32_t enter(uint32_t host_major_min, uint32_t host_major_max, const da3_host*, const da3_plugin** out,
              da3_error*);

}  // namespace da3::thin
