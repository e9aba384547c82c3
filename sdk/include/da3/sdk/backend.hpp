// SPDX-License-Identifier: Apache-2.0
// A backend as four C++ classes. da3/sdk/plugin_table.hpp makes the C table and the exported function of
// them. Every member may throw; Error carries the code. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/sdk/host.hpp>
#include <da3/sdk/options.hpp>
#include <da3/sdk/run.hpp>
#include <da3/sdk/watch.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace da3::sdk {

/// A da3_memory in which nothing is known; fill in what is.
inline da3_memory unknown_memory() {
  da3_memory memory{};
  memory.struct_size = sizeof memory;
  memory.weights = memory.activations = memory.pool_idle = memory.peak = UINT64_MAX;
  memory.host_pinned = memory.cache_disk = memory.limit = UINT64_MAX;
  return memory;
}

/// A da3_device with struct_size set and nothing known.
inline da3_device unknown_device() {
  da3_device device{};
  device.struct_size = sizeof device;
  device.mem_total = device.mem_free = UINT64_MAX;
  device.numa_node = -1;
  return device;
}

/// Scratch for runs, one after the other. Different sessions of a model run at the same time.
class Session {
 public:
  virtual ~Session() = default;
  virtual void run(const Run& run) = 0;  ///< outputs by Outputs
};

/// Weights on a device: never changes after it was loaded, used by many threads.
class Model {
 public:
  virtual ~Model() = default;
  virtual void describe(const Describe& out) const = 0;  ///< model.*, capability.*, input.*, output.*
  virtual std::unique_ptr<Session> create_session() const = 0;
  /// Of a run, from its shapes alone; refuses what the run would refuse (run.expect, run.image_shape). The
  /// host plans batches by peak, and refuses scenes whose peak is above limit.
  virtual da3_memory estimate(const Run& run) const = 0;
};

/// A device and the policy for it.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void describe(const Describe& out) const = 0;  ///< every option, then effective.*
  virtual std::unique_ptr<Model> load(const std::string& path, const Watch& watch) = 0;
  virtual da3_memory memory() const { return unknown_memory(); }  ///< also during a run
  virtual uint64_t trim(uint32_t) { return 0; }  ///< bytes that were freed; also during a run
};

/// What a plugin is. One object that lives as long as the process and keeps nothing about its callers.
class Backend {
 public:
  struct Info {
    const char *name, *id, *version, *vendor, *license;
    const char* runtime_id =
        "";  ///< "libtorch/2.11.0+cu130": plugins on different ones do not share a process
  };
  virtual ~Backend() = default;
  virtual Info info() const = 0;
  virtual const std::vector<Option>& options() const = 0;
  /// Under 100 ms, no model, nothing allocated on a device. A device that cannot be used is reported too,
  /// with score 0 and a reason. Texts live for the call of emit.
  virtual void probe(const std::function<void(const da3_device&)>& emit) const = 0;
  virtual std::unique_ptr<Optimizer> create_optimizer(std::shared_ptr<const Host>, const Options&,
                                                      int32_t dl_type, int32_t dl_id) const = 0;
  virtual const void* extension(const char*) const { return nullptr; }
};

}  // namespace da3::sdk
