// SPDX-License-Identifier: Apache-2.0
// Who works on one item of a fused kernel: a warp on the device, one thread on the host. The arithmetic is
// written once for both, so that a machine without a GPU tests it.
#pragma once

#include <c10/macros/Macros.h>

#include <cstdint>

namespace da3::cuda {

/// Items are counted in 64 bits and taken apart in 32, whose divisions are several times faster on a GPU:
/// there must be fewer than this.
constexpr int64_t kMostItems = int64_t{1} << 31;

/// Splits an item's number into coordinates, last one first.
class Coordinates {
 public:
  C10_HOST_DEVICE explicit Coordinates(int64_t item) : rest_(static_cast<uint32_t>(item)) {}
  C10_HOST_DEVICE int64_t next(int64_t size) {
    const uint32_t last = rest_ % static_cast<uint32_t>(size);
    rest_ /= static_cast<uint32_t>(size);
    return last;
  }
  C10_HOST_DEVICE int64_t rest() const { return rest_; }

 private:
  uint32_t rest_;
};

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
