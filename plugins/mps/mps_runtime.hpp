// SPDX-License-Identifier: Apache-2.0
// Metal under the engine's session code: one run at a time in the process, each in an autorelease pool.
#pragma once

#include <c10/core/Device.h>

#include <atomic>

#include "engine/device_runtime.hpp"
#include "engine_abi.hpp"
#include "mps/metal_hooks.hpp"

namespace da3::mps {

/// The device. Throws Error(DA3_E_UNAVAILABLE) with the reason where LibTorch has no Metal to use.
c10::Device find_device(const MetalHooks& hooks);

class MpsRuntime : public engine::DeviceRuntime {
 public:
  /// Sets the allocator's limits, which are the process's. hooks must outlive it.
  MpsRuntime(const engine::Policy& policy, MetalHooks& hooks);

  /// LibTorch has one stream on Metal: bodies of all threads run one after the other. Nests. A body that runs
  /// out of memory throws Error(DA3_E_NOMEM_DEVICE).
  void enter(const std::function<void()>& body) override;
  uint64_t memory_limit(double fraction) override;
  std::vector<at::Tensor> download(std::vector<at::Tensor> values) override;
  void fill_memory(da3_memory& memory, uint64_t weights) override;
  uint64_t trim() override;
  bool out_of_memory(const c10::Error& error) const override;
  bool use_smaller_pieces(net::Kernels& kernels) override;
  void use_usual_pieces(net::Kernels& kernels) override;
  std::vector<std::pair<std::string, std::string>> describe(const net::Kernels& kernels) override;

 private:
  void note_peak();

  MetalHooks& hooks_;
  std::atomic<uint64_t> peak_{0};
};

}  // namespace da3::mps
