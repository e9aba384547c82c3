// SPDX-License-Identifier: Apache-2.0
// libda3_cuda_engine: the shared engine on CUDA devices.
#include <ATen/detail/CUDAHooksInterface.h>

#include <memory>

#include <da3/error.hpp>

#include "cuda/cuda_device.hpp"
#include "cuda/cuda_kernels.hpp"
#include "cuda/cuda_runtime.hpp"
#include "engine/table.hpp"
#include "engine/torch_guard.hpp"

namespace da3::engine {

const DeviceTraits& device_traits() {
  // Leaked: nothing of CUDA may be touched when static objects are destroyed.
  static const DeviceTraits& traits =
      *new DeviceTraits{[](const Policy& policy) { return cuda::find_device(policy); },
                        [](const Policy& policy) { return std::make_unique<cuda::CudaKernels>(policy); },
                        [](const Policy& policy) {
                          return std::make_unique<cuda::CudaRuntime>(policy, cuda::find_device(policy));
                        }};
  return traits;
}

}  // namespace da3::engine

extern "C" DA3_EXPORT int32_t da3_engine_entry(const da3::engine::Table** out, da3_error* error) {
  return da3::engine::torch_guard(error, [&] {
    if (!out) throw da3::Error(DA3_E_INVALID, "invalid call: out is NULL");
    // A linker may have dropped it: nothing is called in it by name.
    if (!at::detail::getCUDAHooks().hasCUDART())
      throw da3::Error(DA3_E_UNAVAILABLE,
                       "the cuda engine cannot be used: libtorch_cuda was not loaded with it; reinstall it "
                       "together with its LibTorch");
    *out = &da3::engine::table();
  });
}
