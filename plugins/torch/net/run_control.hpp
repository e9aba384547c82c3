// SPDX-License-Identifier: Apache-2.0
// How a running network is watched from outside.
#pragma once

#include <ATen/core/Tensor.h>
#include <da3/sdk/trace.hpp>

#include <functional>
#include <string>

namespace da3::net {

struct RunControl {
  /// Called before each step (a block, a chunk of the heads); throws to cancel.
  std::function<void(const char* stage, int64_t done, int64_t total)> step;
  /// Sees intermediate tensors as the network computes them ("patch_embed", "block.3"), reference view first
  /// where views were reordered. For tests and for finding the first non-finite layer.
  std::function<void(const std::string& name, const at::Tensor& value)> tap;

  /// Where the time goes; NULL: nobody wants to know.
  sdk::Trace* trace = nullptr;

  void begin_stage(const char* name) const {
    if (trace) trace->stage(name);
  }
  /// Measures a layer as long as the result lives.
  [[nodiscard]] sdk::Trace::Layer layer(const char* kind, int64_t index = -1) const {
    return trace ? trace->layer(kind, index) : sdk::Trace::Layer(nullptr, kind, index);
  }
  void at_step(const char* stage, int64_t done, int64_t total) const {
    if (step) step(stage, done, total);
  }
  void see(const std::string& name, const at::Tensor& value) const {
    if (tap) tap(name, value);
  }
};

}  // namespace da3::net
