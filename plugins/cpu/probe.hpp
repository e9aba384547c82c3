// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <da3/plugin.h>

#include "cpu/capabilities.hpp"

namespace da3::cpu {

/// The one CPU device as the ABI tells it. Its strings point into capabilities or are literals.
da3_device device_record(const Capabilities&);

/// The best instruction set: "amx_bf16", "avx512_bf16", "avx512", "avx2", "x86_64", "neon_bf16", "neon".
const char* arch_name(const Capabilities&);

}  // namespace da3::cpu
