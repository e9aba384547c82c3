// SPDX-License-Identifier: Apache-2.0
// A library with the engines' code and statics of its own, for runtime_flags_test.
#include <da3/plugin.h>

#include "engine/runtime_flags.hpp"

extern "C" DA3_EXPORT void hold_flags(int deterministic, void (*held)(void*), void* context) {
  const da3::engine::FlagLease lease({1, deterministic != 0, true});
  held(context);
}
