// SPDX-License-Identifier: Apache-2.0
// The engine that is linked into a test, as a plugin: AbiModel then drives it without a library to open.
#pragma once

#include <da3/plugin.h>

#include "engine_abi.hpp"

namespace da3::test {

/// A table whose next optimizer is a context with this policy; its options are not read.
const da3_plugin& engine_plugin(const engine::Policy& policy);

/// The context behind such an optimizer.
inline engine::Context* context_of(da3_optimizer* optimizer) {
  return reinterpret_cast<engine::Context*>(optimizer);
}

}  // namespace da3::test
