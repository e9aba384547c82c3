// SPDX-License-Identifier: Apache-2.0
// Who works on one item of a fused kernel: a warp on the device, one thread on the host. The arithmetic is
// written once for both, so that a machine without a GPU tests it.
#pragma once

#include <c10/macros/Macros.h>

#include <cstdint>

namespace da3::cuda {

/// One thread that does everything.
struct OneLane {
  C10_HOST_DEVICE int64_t index() const { return 0; }
  C10_HOST_DEVICE int64_t count() const { return 1; }
  /// The sum over all lanes, in every lane.
  C10_HOST_DEVICE float sum(float value) const { return value; }
};

#if defined(__CUDACC__)
/// The 32 threads of a warp, all of which must call sum().
struct WarpLanes {
  __device__ int64_t index() const { return threadIdx.x % 32; }
  __device__ int64_t count() const { return 32; }
  __device__ float sum(float value) const {
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
    return value;
  }
};
#endif

}  // namespace da3::cuda
