// SPDX-License-Identifier: Apache-2.0
// libda3_mps_engine: the shared engine on Apple's GPUs. It also builds and loads where there is no Metal, and
// refuses there.
#include <memory>

#include <da3/error.hpp>

#include "engine/table.hpp"
#include "engine/torch_guard.hpp"
#include "mps/mps_kernels.hpp"
#include "mps/mps_runtime.hpp"

namespace da3::engine {

const DeviceTraits& device_traits() {
  // Leaked: nothing of Metal may be touched when static objects are destroyed.
  static const DeviceTraits& traits = *new DeviceTraits{
      [](const Policy&) { return mps::find_device(mps::libtorch_hooks()); },
      [](const Policy& policy) { return std::make_unique<mps::MpsKernels>(policy); },
      [](const Policy& policy) { return std::make_unique<mps::MpsRuntime>(policy, mps::libtorch_hooks()); }};
  return traits;
}

}  // namespace da3::engine

extern "C" DA3_EXPORT int32_t da3_engine_entry(const da3::engine::Table** out, da3_error* error) {
  return da3::engine::torch_guard(error, [&] {
    if (!out) throw da3::Error(DA3_E_INVALID, "invalid call: out is NULL");
    *out = &da3::engine::table();
  });
}
