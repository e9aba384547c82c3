// SPDX-License-Identifier: Apache-2.0
// A da3_run, read and checked before any work: what goes in, what comes out, of which shapes.
#pragma once

#include <da3/plugin.h>

#include <cstdint>
#include <vector>

#include "engine/model.hpp"
#include "engine/output_kinds.hpp"
#include "net/network.hpp"

namespace da3::engine {

struct OutputPlan {
  const OutputKind* kind = nullptr;  ///< NULL: a feature
  int64_t block = -1;                ///< of a feature
  da3_tensor* target = nullptr;
};

struct RunRequest {
  RunShape shape;
  net::NetInputs inputs;  ///< borrow the caller's memory; undefined when only shapes were asked for
  bool posed = false;     ///< with cameras that the network reads
  net::NetRequest network;
  std::vector<OutputPlan> outputs;
};

/// Reads and checks a run. with_data: false for an estimate, which may come without data. Throws Error with
/// kind and index.
RunRequest read_run(const da3_run& run, const Model& model, bool with_data);

}  // namespace da3::engine
