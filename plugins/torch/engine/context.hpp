// SPDX-License-Identifier: Apache-2.0
// An optimizer's side in the engine: its policy, its thread, its kernels.
#pragma once

#include <c10/core/Device.h>
#include <da3/sdk/trace.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "engine/runtime_flags.hpp"
#include "engine/worker.hpp"
#include "engine_abi.hpp"
#include "net/kernels.hpp"

namespace da3::net {
class Network;
}

namespace da3::engine {

/// What a device's engine brings to the shared code: where tensors live and which kernels run on them.
struct DeviceTraits {
  std::function<c10::Device(const Policy&)> device;
  std::function<std::unique_ptr<net::Kernels>(const Policy&)> kernels;
};

struct Context {
  /// host: NULL for none; must outlive the context.
  Context(const Policy& asked, const DeviceTraits& traits, const da3_host* host = nullptr);

  /// Of one call whose work is done on the optimizer's thread.
  sdk::Trace trace(const da3_watch* watch, uint64_t run) const { return {host, watch, run, track}; }

  /// Runs body on the optimizer's thread in inference mode, with its process-global switches held.
  /// while_queued: see Worker::call.
  void run(const std::function<void()>& body, const std::function<void()>& while_queued = {});
  /// The same without waiting for it.
  Worker::JobPtr post(std::function<void()> body);

  /// Tables per image size that models keep are forgotten through here. Returns the bytes that were held.
  uint64_t forget_tables();

  Policy policy;
  const da3_host* host;
  uint32_t track;  ///< of the optimizer's thread, see da3/trace.h
  c10::Device device;
  std::unique_ptr<net::Kernels> kernels;
  int32_t interop_threads;                ///< what the process has
  std::atomic<uint64_t> weight_bytes{0};  ///< of all loaded models
  std::mutex models_mutex;
  std::set<const net::Network*> networks;  ///< of all loaded models
  Worker worker;

 private:
  void run_here(const std::function<void()>& body) const;
};

}  // namespace da3::engine
