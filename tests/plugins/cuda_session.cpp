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

Case::Case(const std::string& name) : golden(name) {
  const checkpoint::TensorView& image = golden.at("input.image");
  shape = image.shape;
  shape.insert(shape.begin(), 1);
  pixels = reinterpret_cast<const uint8_t*>(image.data);
  if (!golden.ref_view_strategy.empty()) options.emplace_back("ref_view_strategy", golden.ref_view_strategy);
  if (golden.use_ray_pose) options.emplace_back("use_ray_pose", "true");
  if (golden.data.find("net.extrinsics"))
    cameras = {golden.floats("net.extrinsics"), golden.floats("input.intrinsics")};
  for (const auto& [ours, upstreams] :
       std::map<std::string, std::string>{{"depth", "output.depth"},
                                          {"confidence", "output.depth_conf"},
                                          {"sky", "output.sky"},
                                          {"scale_factor", "output.scale_factor"},
                                          {"extrinsics", "output.extrinsics"},
                                          {"intrinsics", "output.intrinsics"},
                                          {"gaussians.means", "output.gaussians.means"}})
    if (golden.data.find(upstreams)) wanted[ours] = golden.floats(upstreams);
  for (const auto& [name_of, values] : wanted) outputs.push_back(name_of);
}

void expect_upstreams(const Case& c, const std::map<std::string, AbiModel::Output>& got, double mean,
                      double largest) {
  for (const auto& [name, want] : c.wanted) {
    ASSERT_EQ(got.at(name).values.size(), want.size()) << name;
    const Deviation off = deviation(got.at(name).values, want);
    EXPECT_LE(off.mean, mean) << name;
    EXPECT_LE(off.largest, largest) << name;
  }
}

}  // namespace test

}  // namespace da3
