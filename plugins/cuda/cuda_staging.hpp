// SPDX-License-Identifier: Apache-2.0
// Uploads on a stream of their own, from pinned memory.
#pragma once

#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

#include "engine/upload_ring.hpp"

namespace da3::cuda {

class CudaStaging : public engine::StagingDevice {
 public:
  /// The device must be current.
  explicit CudaStaging(c10::Device device);
  at::Tensor host_buffer(int64_t bytes) override;
  std::shared_ptr<engine::DeviceCopy> copy(const at::Tensor& staged) override;

 private:
  c10::Device device_;
  c10::cuda::CUDAStream stream_;
};

/// Host memory of a tensor's shape and type: pinned, or pageable where pinning is refused (a container's
/// limit).
at::Tensor pinned_like(const at::Tensor& tensor);

}  // namespace da3::cuda
