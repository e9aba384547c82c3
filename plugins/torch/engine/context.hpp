// SPDX-License-Identifier: Apache-2.0
// An optimizer's side in the engine: its policy, its threads (lanes), its kernels.
#pragma once

#include <c10/core/Device.h>
#include <da3/sdk/trace.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

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

  /// Of one call whose work is done on that lane's thread.
  sdk::Trace trace(const da3_watch* watch, uint64_t run, size_t lane = 0) const {
    return {host, watch, run, lanes[lane].track};
  }

  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The lane of a new session: each has one, and those of a lane run one after the other.
  size_t next_lane() { return given_lanes++ % lanes.size(); }

  /// Runs body on a lane's thread in inference mode, with its process-global switches held.
  /// while_queued: see Worker::call; called also, on that thread, while other runs hold the switches.
  void run(const std::function<void()>& body, const std::function<void()>& while_queued = {},
           size_t lane = 0);
  /// The same without waiting for it.
  Worker::JobPtr post(std::function<void()> body, std::function<void()> while_queued, size_t lane);

  /// Gives back what is kept for later runs: the allocator's free memory and, from level 1 on, recorded runs,
  /// tables per image size and upload buffers. About how many bytes.
  uint64_t give_back(uint32_t level);

  /// Of all loaded models.
  uint64_t weight_bytes();

  Policy policy;  ///< with the memory limit that holds here
  const da3_host* host;
  c10::Device device;
  std::shared_ptr<DeviceRuntime> runtime;  ///< these two are also their networks', which may outlive this
  std::shared_ptr<net::Kernels> kernels;
  std::unique_ptr<UploadRing> uploads;  ///< NULL: plain copies
  std::unique_ptr<GraphCache> graphs;   ///< NULL: every run is eager
  int32_t interop_threads;              ///< what the process has
  std::mutex models_mutex;
  std::set<const Model*> models;  ///< that are loaded
  struct Lane {
    uint32_t track;  ///< of its thread, see da3/trace.h
    std::unique_ptr<Worker> worker;
  };
  std::vector<Lane> lanes;  ///< at least one: the optimizer's threads

 private:
  void run_here(const std::function<void()>& body, const std::function<void()>& while_waiting,
                size_t lane) const;

  std::atomic<size_t> given_lanes{0};
};

}  // namespace da3::engine
