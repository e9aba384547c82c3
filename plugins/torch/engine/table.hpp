// SPDX-License-Identifier: Apache-2.0
// The engine's C table, the same for every device. Each engine library defines `device_traits` and exports
// the entry.
#pragma once

#include "engine/context.hpp"
#include "engine_abi.hpp"

namespace da3::engine {

/// The device of the library that this code is linked into. Defined by plugins/<device>/engine.cpp.
const DeviceTraits& device_traits();

const Table& table();

}  // namespace da3::engine
