// SPDX-License-Identifier: Apache-2.0
// Which CUDA device a policy means, and whether this engine can use it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "engine_abi.hpp"

namespace da3::cuda {

/// The device of the policy's UUID or index. Touches no device but asks the driver, which may take seconds
/// the first time. Throws Error: DA3_E_UNAVAILABLE (no driver, no kernels for it), DA3_E_NOT_FOUND (not there
/// any more).
c10::Device find_device(const engine::Policy& policy);

/// Throws Error(DA3_E_UNAVAILABLE) in a process that was forked after CUDA was used in its parent: the device
/// cannot be used there, and CUDA's own answer differs by call.
void refuse_after_fork();

/// Whether code for the architectures of DA3_CUDA_ARCHITECTURES runs on this compute capability (86 for 8.6):
/// code of the same major version and of no later minor one.
bool has_code_for(int32_t capability);

}  // namespace da3::cuda
