// SPDX-License-Identifier: Apache-2.0
// The outputs of a run by name: which models have them, their shapes, what the network must do for them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/capabilities.hpp"
#include "net/network.hpp"

namespace da3::engine {

struct RunShape {
  int64_t scenes = 0, views = 0, height = 0, width = 0;
};

/// One output that is not a feature.
struct OutputKind {
  std::string_view name;
  const char* capability;  ///< of checkpoint::describe, without "capability."; "" : every model has it
  std::vector<int64_t> (*shape)(const RunShape&, const checkpoint::ModelConfig&);
  void (*ask)(net::NetRequest&);
  at::Tensor (*pick)(const net::NetOutputs&);
};

const std::vector<OutputKind>& output_kinds();

/// The block of "feature.<block>".
std::optional<int64_t> feature_block(std::string_view name);

}  // namespace da3::engine
