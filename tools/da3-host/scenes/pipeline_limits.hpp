// SPDX-License-Identifier: Apache-2.0
// How much of a run's reading and writing goes on beside the network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <da3/da3.hpp>

namespace da3::host {

struct PipelineLimits {
  size_t batch = 1;  ///< most scenes of one size that run together
  /// Batches that are read ahead of each worker's run, and that wait to be written behind it; 0: one thing
  /// after the other.
  size_t prefetch = 0;
  size_t readers = 1;  ///< threads that read and resize images
  size_t writers = 1;  ///< threads that write results, for each worker; none without prefetch
  /// What is read ahead may hold so many bytes, and what waits to be written as many again. A scene that is
  /// larger is read when it is needed, and written before the next one runs.
  uint64_t bytes = UINT64_MAX;
};

/// By effective.batch, .prefetch and .workers, and the memory that is free now.
PipelineLimits pipeline_limits(const Engine& engine);

}  // namespace da3::host
