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

#include "engine/device_runtime.hpp"
#include "engine/runtime_flags.hpp"
#include "engine/worker.hpp"
#include "engine_abi.hpp"
#include "net/kernels.hpp"

namespace da3::engine {

class Model;

/// What a device's engine brings to the shared code: where tensors live and which kernels run on them.
struct DeviceTraits {
  std::function<c10::Device(const Policy&)> device;
  std::function<std::unique_ptr<net::Kernels>(const Policy&)> kernels;
  std::function<std::unique_ptr<DeviceRuntime>(const Policy&)> runtime = {};  ///< empty: a CPU's
};

struct Context {
  /// host: NULL for none; must outlive the context.
  Context(const Policy& asked, const DeviceTraits& traits, const da3_host* host = nullptr);

  /// Of one call whose work is done on the optimizer's thread.
  sdk::Trace trace(const da3_watch* watch, uint64_t run) const { return {host, watch, run, track}; }

  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Runs body on the optimizer's thread in inference mode, with its process-global switches held.
  /// while_queued: see Worker::call.
  void run(const std::function<void()>& body, const std::function<void()>& while_queued = {});
  /// The same without waiting for it.
  Worker::JobPtr post(std::function<void()> body);

  /// Gives back what is kept for later runs: the allocator's free memory and, from level 1 on, recorded runs,
  /// tables per image size and upload buffers. About how many bytes.
  uint64_t give_back(uint32_t level);

  /// Of all loaded models.
  uint64_t weight_bytes();

  Policy policy;  ///< with the memory limit that holds here
  const da3_host* host;
  uint32_t track;  ///< of the optimizer's thread, see da3/trace.h
  c10::Device device;
  std::shared_ptr<DeviceRuntime> runtime;  ///< these two are also their networks', which may outlive this
  std::shared_ptr<net::Kernels> kernels;
  std::unique_ptr<UploadRing> uploads;  ///< NULL: plain copies
  std::unique_ptr<GraphCache> graphs;   ///< NULL: every run is eager
  int32_t interop_threads;              ///< what the process has
  std::mutex models_mutex;
  std::set<const Model*> models;  ///< that are loaded
  Worker worker;

 private:
  void run_here(const std::function<void()>& body) const;
};

}  // namespace da3::engine
