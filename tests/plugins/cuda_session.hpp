// SPDX-License-Identifier: Apache-2.0
// The cuda engine's session path with the host as its device, driven through the ABI.
#pragma once

#include <atomic>

#include "plugins/session_case.hpp"
#include "support/host_gpu.hpp"

namespace da3::test {

/// The device of the context that was made last.
extern HostGpu* gpu;
/// Convolutions that find the device's memory full, from the next one on.
extern std::atomic<int> full;

/// As the policy of a GPU in mode max says it.
engine::Policy gpu_policy(engine::Precision precision = engine::Precision::float32, int graphs = 2);

}  // namespace da3::test
