// SPDX-License-Identifier: Apache-2.0
#include "mps/metal_hooks.hpp"

#include <ATen/detail/MPSHooksInterface.h>

#ifdef __APPLE__
#include <ATen/mps/MPSAllocatorInterface.h>

extern "C" void* objc_autoreleasePoolPush(void);
extern "C" void objc_autoreleasePoolPop(void* pool);
#endif

namespace da3::mps {

namespace {

class LibtorchHooks : public MetalHooks {
 public:
  bool has_metal() const override { return hooks().hasMPS(); }
  bool macos_at_least(unsigned major, unsigned minor) const override {
    return hooks().isOnMacOSorNewer(major, minor);
  }
  uint64_t working_set() const override { return hooks().getRecommendedMaxMemory(); }
  uint64_t allocated() const override { return hooks().getCurrentAllocatedMemory(); }
  uint64_t reserved() const override { return hooks().getDriverAllocatedMemory(); }
  void set_high_watermark(double share) override { hooks().setMemoryFraction(share); }
  void empty_cache() override { hooks().emptyCache(); }
  void synchronize() override { hooks().deviceSynchronize(); }
#ifdef __APPLE__
  void set_low_watermark(double share) override { at::mps::getIMPSAllocator()->setLowWatermarkRatio(share); }
  void* push_pool() override { return objc_autoreleasePoolPush(); }
  void pop_pool(void* pool) override { objc_autoreleasePoolPop(pool); }
#else
  // The allocator and Apple's runtime are in no other LibTorch; nothing gets here without Metal.
  void set_low_watermark(double) override {}
  void* push_pool() override { return nullptr; }
  void pop_pool(void*) override {}
#endif

 private:
  static const at::MPSHooksInterface& hooks() { return at::detail::getMPSHooks(); }
};

}  // namespace

MetalHooks& libtorch_hooks() {
  static MetalHooks& hooks = *new LibtorchHooks;  // leaked: nothing of Metal is touched when the process ends
  return hooks;
}

}  // namespace da3::mps
