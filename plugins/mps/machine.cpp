// SPDX-License-Identifier: Apache-2.0
#include "mps/machine.hpp"

namespace da3::mps {

Capabilities machine() { return read_capabilities(); }

}  // namespace da3::mps
