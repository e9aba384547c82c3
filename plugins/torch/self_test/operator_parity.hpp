// SPDX-License-Identifier: Apache-2.0
// The operators of a run, one by one: each is called again on the device and on the CPU, on random numbers of
// the shapes, strides and types that it had in the run.
#pragma once

#include <functional>
#include <string>

#include "engine/context.hpp"

namespace da3::engine {

struct OperatorResult {
  std::string name;     ///< "aten::linear (Float [2, 25, 128], Float [344, 128], Float [344]) x 4"
  std::string skipped;  ///< why it could not be tried, or ""
  std::string failure;  ///< what the device answered instead of a result, or ""
  double error = 0, limit = 0;
};

/// Records the operators that body calls itself (not those that they call) and replays each kind of call
/// with `seeds` sets of numbers. Integers and masks keep their values. The reference is float64 where the CPU
/// has the operator in it. poll may throw, which ends it. Inside Context::run only.
void compare_operators(at::Device device, const std::function<void()>& body, int seeds,
                       const std::function<void()>& poll,
                       const std::function<void(const OperatorResult&)>& sink);

}  // namespace da3::engine
