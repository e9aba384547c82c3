// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/host.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {

/// This machine's capabilities. In a file of its own, so that a test's plugin can have a machine that it is
/// not on.
Capabilities machine(const thin::Host&);

}  // namespace da3::cuda
