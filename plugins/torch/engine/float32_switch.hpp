// SPDX-License-Identifier: Apache-2.0
// TF32 or IEEE float32 for one product on a CUDA device. LibTorch has one switch for the process and reads it
// when the work is launched, but one network computes some layers in TF32 and others not, and several devices
// run at the same time: so the switch is set, and held, for each launch.
#pragma once

#include <ATen/Context.h>

#include <mutex>
#include <utility>

namespace da3::engine {

std::mutex& float32_switch_mutex();

/// Calls launch() with CUDA's switch for op at precision. What the switch was before the run, FlagLease
/// restores.
template <class Launch>
auto with_float32_precision(at::Float32Op op, at::Float32Precision precision, Launch&& launch) {
  const std::lock_guard lock(float32_switch_mutex());
  at::Context& context = at::globalContext();
  if (context.float32Precision(at::Float32Backend::CUDA, op) != precision)
    context.setFloat32Precision(at::Float32Backend::CUDA, op, precision);
  return std::forward<Launch>(launch)();
}

}  // namespace da3::engine
