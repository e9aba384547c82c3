// SPDX-License-Identifier: Apache-2.0
// Runs recorded as CUDA graphs.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <mutex>

#include "engine/graph_cache.hpp"

namespace da3::cuda {

/// Held while a stream is captured: one at a time in the process, and nothing may free device memory
/// meanwhile.
std::mutex& capture_mutex();

class CudaGraphRecorder : public engine::GraphRecorder {
 public:
  explicit CudaGraphRecorder(c10::Device device) : device_(device) {}
  /// Captures the current stream, which must not be the default one.
  std::unique_ptr<engine::RecordedGraph> record(const std::function<void()>& launch) override;

 private:
  c10::Device device_;
};

}  // namespace da3::cuda
