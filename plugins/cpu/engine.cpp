// SPDX-License-Identifier: Apache-2.0
// libda3_cpu_engine: the shared engine on the CPU.
#include <ATen/Context.h>
#include <c10/core/Device.h>

#include <memory>

#include <da3/guard.hpp>

#include "cpu/cpu_kernels.hpp"
#include "cpu/cpu_runtime.hpp"
#include "cpu/packed_kernels.hpp"
#include "engine/table.hpp"
#include "net/emulated_kernels.hpp"

namespace da3::engine {

const DeviceTraits& device_traits() {
  static const DeviceTraits traits{
      [](const Policy&) { return c10::Device(c10::kCPU); },
      [](const Policy& policy) -> std::unique_ptr<net::Kernels> {
        if (policy.emulate && policy.precision == Precision::int8 &&
            policy.head_precision == Precision::float32)
          return std::make_unique<cpu::ExactInt8Kernels>();
        if (policy.emulate)  // int8 as this CPU has it, whatever the heads compute in
          return std::make_unique<net::EmulatedKernels>(
              cpu::CpuKernels().attention_arithmetic(net::Arithmetic::int8, net::kHeadChannels));
        if (policy.prepack && at::hasMKLDNN())
          return std::make_unique<cpu::PackedKernels>(policy.winograd != 0);
        return std::make_unique<cpu::CpuKernels>();
      },
      [](const Policy& policy) { return std::make_unique<cpu::CpuRuntime>(policy); }};
  return traits;
}

}  // namespace da3::engine

extern "C" DA3_EXPORT int32_t da3_engine_entry(const da3::engine::Table** out, da3_error* error) {
  return da3::guard(error, [&] {
    if (!out) throw da3::Error(DA3_E_INVALID, "invalid call: out is NULL");
    *out = &da3::engine::table();
  });
}
