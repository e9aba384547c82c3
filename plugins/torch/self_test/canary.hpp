// SPDX-License-Identifier: Apache-2.0
// The canary: a small network with every kernel in it, whose weights are made by rule. On a device that
// nobody has seen before it tells in a moment whether the device computes what the networks ask for.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "engine/context.hpp"
#include "self_test/checked_kernels.hpp"

namespace da3::engine {

/// Of an intermediate tensor or an output: its mean magnitude and some values, evenly spread.
struct TapValues {
  std::string name;
  double magnitude;
  std::array<double, 6> samples;
};

/// What a float32 run on the CPU gave when the canary was made; tests compare the networks with upstream.
const std::vector<TapValues>& stored_canary();

struct CanarySinks {
  std::function<void(const CheckedKernels::Finding&)> kernel;  ///< each kernel against the reference
  /// Each tap against its stored values; error is relative to their mean magnitude.
  std::function<void(const TapValues& seen, double error, double limit)> tap;
};

/// Runs it on the context's device, with its kernels, in its precision. Sinks may throw, which ends it.
void run_canary(Context& context, const CanarySinks& sinks);

/// Throws Error(DA3_E_UNAVAILABLE) that names the first kernel, or else the first layer, that is wrong.
void pass_canary(Context& context);

}  // namespace da3::engine
