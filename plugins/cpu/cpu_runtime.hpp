// SPDX-License-Identifier: Apache-2.0
// The CPU under the engine's session code: where its memory comes from and when it goes back.
#pragma once

#include <atomic>

#include "engine/device_runtime.hpp"

namespace da3::cpu {

class CpuRuntime : public engine::DeviceRuntime {
 public:
  CpuRuntime();

  void enter(const std::function<void()>& body) override;
  void keep(const std::function<void()>& body) override;
  void weights_changed() override;
  void fill_memory(da3_memory& memory, uint64_t weights) override;
  /// What runs left goes at once, or at the end of the run that goes on, with the heap
  /// (engine/host_heap.hpp).
  uint64_t trim() override;

 private:
  std::atomic<uint64_t> peak_{0};
};

}  // namespace da3::cpu
