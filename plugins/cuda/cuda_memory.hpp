// SPDX-License-Identifier: Apache-2.0
// What LibTorch's allocators hold on a CUDA device.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace da3::cuda {

struct DeviceMemory {
  uint64_t allocated = 0;  ///< in tensors
  uint64_t reserved = 0;   ///< taken from the device, recorded graphs' pools included
  uint64_t peak = 0;       ///< of reserved
};
DeviceMemory device_memory(c10::Device device);

/// Of this process, in use or kept for later.
uint64_t pinned_memory();

/// Gives back what no tensor uses; the bytes of the device. Not while a stream is captured.
uint64_t give_back_free_memory(c10::Device device);

/// Bytes that are free now. Uses the device. unified: it shares the host's memory, of which what programs may
/// still get counts.
uint64_t free_memory(c10::Device device, bool unified);

/// Settings that the allocator takes before its first use, once per process.
void set_up_allocator(bool expandable_segments);

}  // namespace da3::cuda
