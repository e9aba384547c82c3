// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_memory.hpp"

#include <ATen/core/CachingHostAllocator.h>
#include <c10/core/AllocatorConfig.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <string>

namespace da3::cuda {

namespace {

constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);

uint64_t unsigned_of(int64_t value) { return value > 0 ? static_cast<uint64_t>(value) : 0; }

/// MemAvailable of the host, 0 where it is not told.
uint64_t host_memory_available() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (uint64_t kibibytes = 0; file >> name >> kibibytes;) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace

DeviceMemory device_memory(c10::Device device) {
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  return {unsigned_of(stats.allocated_bytes[kAll].current), unsigned_of(stats.reserved_bytes[kAll].current),
          unsigned_of(stats.reserved_bytes[kAll].peak)};
}

uint64_t pinned_memory() {
  return unsigned_of(at::getHostAllocator(at::kCUDA)->get_stats().allocated_bytes.current);
}

uint64_t give_back_free_memory(c10::Device device) {
  const uint64_t before = device_memory(device).reserved;
  c10::cuda::CUDACachingAllocator::emptyCache();
  at::getHostAllocator(at::kCUDA)->empty_cache();
  const uint64_t after = device_memory(device).reserved;
  return before - std::min(before, after);
}

uint64_t free_memory(c10::Device device, bool unified) {
  const c10::cuda::CUDAGuard guard(device);
  size_t free = 0, total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  if (!unified) return free;
  const uint64_t available = host_memory_available();
  return available > 0 ? available : free;
}

void set_up_allocator(bool expandable_segments) {
  static std::once_flag once;
  std::call_once(once, [&] {
    if (expandable_segments) c10::CachingAllocator::setAllocatorSettings("expandable_segments:True");
  });
}

}  // namespace da3::cuda
