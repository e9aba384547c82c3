// SPDX-License-Identifier: Apache-2.0
#include "mps/probe.hpp"

#include <algorithm>

namespace da3::mps {

void tell_devices(const Capabilities& c, const thin::DeviceSink& sink) {
  constexpr uint32_t fp32 = 1, fp16 = 4, bf16 = 8, unified = 1, integrated = 2, is_virtual = 8;
  const hardware::MetalDevice* device = the_device(c);
  const std::string reason = unusable(c, device);
  const std::string driver = c.metal.macos.empty() ? "" : "macOS " + c.metal.macos;
  const int family = device ? device->family : 0;
  const std::string arch = "apple" + std::to_string(family);
  da3_device d{};
  d.struct_size = sizeof d;
  d.dl_type = dl_metal;
  d.numa_node = -1;
  d.mem_free = UINT64_MAX;
  d.mem_total = device ? device->working_set : UINT64_MAX;
  d.score = reason.empty() ? std::min(299, 200 + 10 * family) : 0;
  d.precisions = reason.empty() ? fp32 | fp16 | (family >= 9 ? bf16 : 0) : 0;
  d.flags = (device && device->unified ? unified | integrated : 0) |
            (device && device->paravirtual ? is_virtual : 0);
  d.name = device ? device->name.c_str() : "Metal GPU";
  d.driver = driver.empty() ? nullptr : driver.c_str();
  d.arch = family > 0 ? arch.c_str() : nullptr;
  d.reason = reason.empty() ? nullptr : reason.c_str();
  sink(d);
}

}  // namespace da3::mps
