// SPDX-License-Identifier: Apache-2.0
// A da3_run, read and checked before any work: what goes in, what comes out, of which shapes.
#pragma once

#include <da3/plugin.h>

#include <cstdint>
#include <vector>

#include "engine/model.hpp"
#include "net/network.hpp"

namespace da3::engine {

/// What an output's name stands for.
enum class OutputKind {
  depth,
  confidence,
  sky,
  extrinsics,
  intrinsics,
  ray,
  ray_confidence,
  scale_factor,
  feature
};

struct OutputPlan {
  OutputKind kind = OutputKind::depth;
  int64_t block = -1;  ///< of a feature
  da3_tensor* target = nullptr;
};

struct RunShape {
  int64_t scenes = 0, views = 0, height = 0, width = 0;
};

struct RunRequest {
  RunShape shape;
  net::NetInputs inputs;  ///< borrow the caller's memory; undefined when only shapes were asked for
  net::NetRequest network;
  std::vector<OutputPlan> outputs;
};

/// Reads and checks a run. with_data: false for an estimate, which may come without data. Throws Error with
/// kind and index.
RunRequest read_run(const da3_run& run, const Model& model, bool with_data);

}  // namespace da3::engine
