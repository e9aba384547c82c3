// SPDX-License-Identifier: Apache-2.0
#include "plugins/mps_session.hpp"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "engine/table.hpp"
#include "mps/mps_kernels.hpp"
#include "mps/mps_runtime.hpp"

namespace da3 {

namespace test {

std::atomic<int> full{0};

RecordedHooks& hooks() {
  static RecordedHooks& one = *new RecordedHooks;
  return one;
}

void RecordedHooks::note(const char* which, double share) {
  watermarks.push_back(which + (" " + std::to_string(share).substr(0, 4)));
}

void* RecordedHooks::push_pool() {
  const std::lock_guard lock(mutex_);
  inside_.push_back(std::this_thread::get_id());
  const std::set<std::thread::id> different(inside_.begin(), inside_.end());
  threads_at_once = std::max(threads_at_once.load(), static_cast<int>(different.size()));
  most_pools = std::max(most_pools.load(), static_cast<int>(inside_.size()));
  ++pools;
  return reinterpret_cast<void*>(inside_.size());
}

void RecordedHooks::pop_pool(void* pool) {
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(pool, reinterpret_cast<void*>(inside_.size())) << "pools are popped in reverse order";
  EXPECT_EQ(inside_.back(), std::this_thread::get_id()) << "and on their own thread";
  inside_.pop_back();
}

namespace {

class ShortOfMemory : public mps::MpsKernels {
 public:
  using MpsKernels::MpsKernels;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override {
    if (full > 0) {
      --full;
      TORCH_CHECK(false, "MPS backend out of memory (MPS allocated: 9.00 GB, max allowed: 9.07 GB).");
    }
    return MpsKernels::run_linear(x, layer, activation);
  }
};

}  // namespace

engine::Policy metal_policy(engine::Precision precision, uint64_t attention_bytes) {
  engine::Policy policy;
  policy.dl_type = 8;
  policy.precision = precision;
  policy.threads = 2;
  policy.attention = engine::Attention::chunked;
  policy.attention_bytes = attention_bytes;
  policy.contiguous_attention = 1;
  policy.memory_fraction = 0.7;
  policy.memory_high = 0.7;
  policy.memory_low = 0.63;
  policy.unified_memory = 1;
  return policy;
}

}  // namespace test

namespace engine {

const DeviceTraits& device_traits() {
  static const DeviceTraits traits{
      [](const Policy&) {
        mps::find_device(test::hooks());
        return c10::Device(c10::kCPU);
      },
      [](const Policy& policy) { return std::make_unique<test::ShortOfMemory>(policy); },
      [](const Policy& policy) { return std::make_unique<mps::MpsRuntime>(policy, test::hooks()); }};
  return traits;
}

}  // namespace engine

}  // namespace da3
