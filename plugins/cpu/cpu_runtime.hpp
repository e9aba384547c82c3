// SPDX-License-Identifier: Apache-2.0
// The CPU under the engine's session code: where its memory comes from and when it goes back.
#pragma once

#include <atomic>

#include "cpu/bound_threads.hpp"
#include "engine/device_runtime.hpp"

namespace da3::cpu {

class CpuRuntime : public engine::DeviceRuntime {
 public:
  explicit CpuRuntime(const engine::Policy&);

  void place(size_t lane) override { threads_.place(lane); }
  void enter(const std::function<void()>& body) override;
  void keep(const std::function<void()>& body) override;
  void weights_changed() override;
  void fill_memory(da3_memory& memory, uint64_t weights) override;
  /// What runs left goes at once, or at the end of the run that goes on, with the heap
  /// (engine/host_heap.hpp).
  uint64_t trim() override;
  std::vector<std::pair<std::string, std::string>> describe(const net::Kernels&) override;

 private:
  std::atomic<uint64_t> peak_{0};
  BoundThreads threads_;
};

}  // namespace da3::cpu
