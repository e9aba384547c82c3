// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_runtime.hpp"

#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>

#include <da3/error.hpp>

#include "cuda/cuda_device.hpp"
#include "cuda/cuda_kernels.hpp"
#include "cuda/cuda_memory.hpp"
#include "engine/torch_guard.hpp"

namespace da3::cuda {

namespace {

/// The stream that a context computes on. Not the default one: that waits for every other stream and cannot
/// be captured.
c10::cuda::CUDAStream compute_stream(const engine::Policy& policy, c10::Device device) {
  set_up_allocator(policy.expandable_segments != 0);
  at::globalContext().lazyInitDevice(at::kCUDA);
  const c10::cuda::CUDAGuard guard(device);
  return c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index());
}

}  // namespace

CudaRuntime::CudaRuntime(const engine::Policy& policy, c10::Device device)
    : device_(device),
      unified_memory_(policy.unified_memory != 0),
      stream_(compute_stream(policy, device)),
      recorder_(device) {
  const c10::cuda::CUDAGuard guard(device);
  if (policy.memory_high > 0)
    c10::cuda::CUDACachingAllocator::setMemoryFraction(std::min(policy.memory_high, 1.0), device.index());
  if (policy.upload_buffers > 0) staging_ = std::make_unique<CudaStaging>(device);
}

void CudaRuntime::refuse_when_lost() {
  const std::lock_guard lock(lost_mutex_);
  if (!lost_.empty()) throw Error(DA3_E_DEVICE_LOST, lost_, 0, -1, lost_code_);
}

void CudaRuntime::enter(const std::function<void()>& body) {
  refuse_after_fork();
  refuse_when_lost();
  try {
    const c10::cuda::CUDAGuard device(device_);
    const c10::cuda::CUDAStreamGuard stream(stream_);
    body();
  } catch (const c10::AcceleratorError& error) {
    const Error told = engine::device_error(error);
    if (told.code() != DA3_E_DEVICE_LOST) throw told;
    const std::lock_guard lock(lost_mutex_);
    lost_ = told.message();
    lost_code_ = error.get_error_code();
    throw told;
  }
}

uint64_t CudaRuntime::memory_limit(double fraction) {
  return static_cast<uint64_t>(fraction * static_cast<double>(free_memory(device_, unified_memory_)));
}

std::vector<at::Tensor> CudaRuntime::download(std::vector<at::Tensor> values) {
  std::vector<at::Tensor> host;
  for (const at::Tensor& value : values) {
    host.push_back(pinned_like(value));
    host.back().copy_(value.contiguous(), /*non_blocking=*/true);
  }
  c10::cuda::getCurrentCUDAStream().synchronize();
  return host;
}

void CudaRuntime::fill_memory(da3_memory& memory, uint64_t weights) {
  const DeviceMemory held = device_memory(device_);
  memory.activations = held.allocated - std::min(held.allocated, weights);
  memory.pool_idle = held.reserved - std::min(held.reserved, held.allocated);
  memory.peak = held.peak;
  memory.host_pinned = pinned_memory();
}

uint64_t CudaRuntime::trim() {
  const std::lock_guard lock(capture_mutex());
  return give_back_free_memory(device_);
}

std::vector<std::pair<std::string, std::string>> CudaRuntime::describe(const net::Kernels& kernels) {
  const std::string attention = static_cast<const CudaKernels&>(kernels).attention_used();
  if (attention.empty()) return {};  // nothing ran yet: what the policy says holds
  return {{"effective.attention", attention}};
}

}  // namespace da3::cuda
