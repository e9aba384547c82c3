// SPDX-License-Identifier: Apache-2.0
// How runs use a device: what is current on a thread, how tensors come and go, what memory is held. The
// defaults are those of a CPU.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <da3/plugin.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph_cache.hpp"
#include "engine/upload_ring.hpp"

namespace da3::engine {

class DeviceRuntime {
 public:
  virtual ~DeviceRuntime() = default;

  /// Before each run on a thread of the optimizer, its number of threads set: where they stay. Runs of one
  /// lane follow each other on one thread.
  virtual void place(size_t /*lane*/) {}

  /// Runs body with the device (its stream, its lock) current on this thread, and puts back what was. Throws
  /// when the device cannot be used from here. [any thread]
  virtual void enter(const std::function<void()>& body) { body(); }

  /// Runs body, within enter, so that the memory it takes is known to stay: weights of a model.
  virtual void keep(const std::function<void()>& body) { body(); }
  /// A model was loaded or freed: what that left behind may go. [any thread]
  virtual void weights_changed() {}

  /// Bytes that a run may need, for policies that give a share of the free memory; 0: no limit.
  virtual uint64_t memory_limit(double /*fraction*/) { return 0; }

  /// Values in host memory when the call returns: all at once, so that a device is waited for once. The
  /// memory is the caller's own: no later run writes to it. [a lane's thread]
  virtual std::vector<at::Tensor> download(std::vector<at::Tensor> values);

  /// For uploads beside a computation, and for recorded runs; NULL where the device has neither.
  virtual StagingDevice* staging() { return nullptr; }
  virtual GraphRecorder* recorder() { return nullptr; }

  /// Fills in what the device's allocator knows. weights: bytes of the loaded models.
  virtual void fill_memory(da3_memory& /*memory*/, uint64_t /*weights*/) {}
  /// Gives free memory back to the device; about how many bytes.
  virtual uint64_t trim() { return 0; }

  /// Whether an error says that the device's memory is short.
  virtual bool out_of_memory(const c10::Error& error) const;
  /// After that: kernels that need less memory at a time, for the attempts that follow. False: they need the
  /// least already. [a lane's thread]
  virtual bool use_smaller_pieces(net::Kernels& /*kernels*/) { return false; }
  /// The end of those attempts.
  virtual void use_usual_pieces(net::Kernels& /*kernels*/) {}

  /// "effective.attention" and the like, in the same order always.
  virtual std::vector<std::pair<std::string, std::string>> describe(const net::Kernels& /*kernels*/) {
    return {};
  }
};

}  // namespace da3::engine
