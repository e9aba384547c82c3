// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mps/capabilities.hpp"

namespace da3::mps {

/// This machine's capabilities. In a file of its own, so that a test's plugin can have a machine that it is
/// not on.
Capabilities machine();

}  // namespace da3::mps
