// SPDX-License-Identifier: Apache-2.0
// What the engine asks of LibTorch's Metal half and of Apple's runtime. Behind an interface, so that a test
// can stand in for both.
#pragma once

#include <cstdint>

namespace da3::mps {

class MetalHooks {
 public:
  virtual ~MetalHooks() = default;

  virtual bool has_metal() const = 0;
  virtual bool macos_at_least(unsigned major, unsigned minor) const = 0;
  /// Bytes that Metal recommends to use at most; what tensors have, and what the allocator took for them.
  virtual uint64_t working_set() const = 0;
  virtual uint64_t allocated() const = 0;
  virtual uint64_t reserved() const = 0;
  /// Shares of the working set: beyond high an allocation fails, beyond low the allocator collects.
  virtual void set_high_watermark(double share) = 0;
  virtual void set_low_watermark(double share) = 0;
  virtual void empty_cache() = 0;
  /// Waits until everything that was launched is done.
  virtual void synchronize() = 0;
  /// Objective-C objects that die with the pool. Threads of C++ have none, and leak without.
  virtual void* push_pool() = 0;
  virtual void pop_pool(void* pool) = 0;
};

/// LibTorch's own. Without Metal everything but has_metal() throws c10::Error.
MetalHooks& libtorch_hooks();

}  // namespace da3::mps
