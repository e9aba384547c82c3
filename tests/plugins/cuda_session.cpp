// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda_session.hpp"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <memory>

#include "cuda/cuda_kernels.hpp"
#include "engine/table.hpp"

namespace da3 {

namespace test {

HostGpu* gpu = nullptr;
std::atomic<int> full{0};

namespace {

class ShortOfMemory : public cuda::CudaKernels {
 public:
  using CudaKernels::CudaKernels;

 protected:
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override {
    if (full > 0) {
      --full;
      TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate 2.00 GiB.");
    }
    return CudaKernels::run_convolution(x, layer, activation);
  }
};

}  // namespace

}  // namespace test

namespace engine {

const DeviceTraits& device_traits() {
  static const DeviceTraits traits{
      [](const Policy&) { return c10::Device(c10::kCPU); },
      [](const Policy& policy) { return std::make_unique<test::ShortOfMemory>(policy); },
      [](const Policy&) {
        auto made = std::make_unique<test::HostGpu>();
        test::gpu = made.get();
        return made;
      }};
  return traits;
}

}  // namespace engine

namespace test {

engine::Policy gpu_policy(engine::Precision precision, int graphs) {
  engine::Policy policy;
  policy.dl_type = 2;
  policy.precision = precision;
  policy.threads = 2;
  policy.attention = engine::Attention::flash;
  policy.graphs = graphs;
  policy.graph_bytes = 1ull << 30;
  policy.upload_buffers = 2;
  policy.benchmark_limit = 4;
  policy.memory_fraction = 0.8;
  policy.channels_last = 1;
  return policy;
}

}  // namespace test

}  // namespace da3
