// SPDX-License-Identifier: Apache-2.0
// Uploads that run beside a computation: host buffers that the device can copy from by itself, few of them,
// each used again when its copy is done.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace da3::engine {

/// A copy that is under way.
class DeviceCopy {
 public:
  virtual ~DeviceCopy() = default;
  virtual bool done() const = 0;
  /// Makes the computation that is launched next, on this thread, wait for the copy (the host does not wait);
  /// the tensor on the device.
  virtual at::Tensor use() = 0;
};

/// What a device brings for it.
class StagingDevice {
 public:
  virtual ~StagingDevice() = default;
  /// Host memory, uint8 [bytes], that copies can read without the host's help. Throws when there is none.
  virtual at::Tensor host_buffer(int64_t bytes) = 0;
  /// Starts to copy a tensor that lies in a host_buffer.
  virtual std::shared_ptr<DeviceCopy> copy(const at::Tensor& staged) = 0;
};

class UploadRing {
 public:
  UploadRing(StagingDevice& device, int32_t buffers)
      : device_(device), slots_(static_cast<size_t>(buffers > 0 ? buffers : 0)) {}

  /// Starts an upload of host (any type and strides; read before the call returns). Empty when every buffer
  /// is in use: then the caller uploads later, by itself. [any thread]
  std::shared_ptr<DeviceCopy> begin(const at::Tensor& host);

  uint64_t host_bytes() const;  ///< of all buffers [any thread]
  /// Frees buffers whose copies are done; their bytes. [any thread]
  uint64_t clear();

 private:
  struct Slot {
    at::Tensor buffer;
    std::shared_ptr<DeviceCopy> copy;
    bool busy() const { return copy && !copy->done(); }
  };

  StagingDevice& device_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
};

}  // namespace da3::engine
