// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_staging.hpp"

#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>

#include <utility>

namespace da3::cuda {

namespace {

at::TensorOptions host(at::ScalarType type, bool pinned) {
  return at::TensorOptions().dtype(type).device(at::kCPU).pinned_memory(pinned);
}

/// Pinned memory is scarce; without it copies are slower and wait for the host, and are right all the same.
at::Tensor pinned(at::IntArrayRef sizes, at::ScalarType type) {
  try {
    return at::empty(sizes, host(type, true));
  } catch (const c10::Error&) {
    (void)cudaGetLastError();
    return at::empty(sizes, host(type, false));
  }
}

class CudaCopy : public engine::DeviceCopy {
 public:
  CudaCopy(at::Tensor tensor, const c10::cuda::CUDAStream& stream) : tensor_(std::move(tensor)) {
    event_.record(stream);
  }
  bool done() const override { return event_.query(); }
  /// The tensor is not given to the other stream's books: whoever uses it keeps it until that stream was
  /// waited for.
  at::Tensor use() override {
    event_.block(c10::cuda::getCurrentCUDAStream());
    return std::move(tensor_);
  }

 private:
  at::Tensor tensor_;
  c10::cuda::CUDAEvent event_;
};

}  // namespace

at::Tensor pinned_like(const at::Tensor& tensor) { return pinned(tensor.sizes(), tensor.scalar_type()); }

CudaStaging::CudaStaging(c10::Device device)
    : device_(device), stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}

at::Tensor CudaStaging::host_buffer(int64_t bytes) { return pinned({bytes}, at::kByte); }

std::shared_ptr<engine::DeviceCopy> CudaStaging::copy(const at::Tensor& staged) {
  const c10::cuda::CUDAStreamGuard guard(stream_);
  return std::make_shared<CudaCopy>(staged.to(device_, /*non_blocking=*/true, /*copy=*/true), stream_);
}

}  // namespace da3::cuda
