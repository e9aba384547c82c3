// SPDX-License-Identifier: Apache-2.0
// The tests of da3/self_test.h, of a device that this engine drives.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "engine/model.hpp"

namespace da3::engine {

struct TestRow {
  int32_t status;  ///< DA3_TEST_*
  std::string name, reason, unit;
  double value = std::numeric_limits<double>::quiet_NaN(), limit = std::numeric_limits<double>::quiet_NaN();
};
using TestSink = std::function<void(const TestRow&)>;

/// The names of all tests, separated by commas.
constexpr const char* kSelfTests = "canary,operators,kernels,taps,graphs,soak,timings";

/// Runs one of them on the context's device. model: a checkpoint's folder, or NULL. Throws
/// Error(DA3_E_NOT_FOUND) for an unknown test, what the device throws, and DA3_E_CANCELLED.
void run_self_test(Context& context, const std::string& test, const char* model, const Watcher& watcher,
                   const TestSink& sink);

}  // namespace da3::engine
