// SPDX-License-Identifier: Apache-2.0
#include "cuda/probe.hpp"

#include <algorithm>
#include <cstring>

namespace da3::cuda {
namespace {

constexpr uint32_t fp32 = 1, tf32 = 2, fp16 = 4, bf16 = 8, int8 = 16;
constexpr uint32_t unified_flag = 1, integrated_flag = 2, mig_flag = 4, virtual_flag = 8;

da3_device blank() {
  da3_device d{};
  d.struct_size = sizeof d;
  d.dl_type = dl_cuda;
  d.mem_total = d.mem_free = UINT64_MAX;
  d.numa_node = -1;
  return d;
}

/// Virtual GPUs are named like "NVIDIA A100-10C" or "GRID T4-8Q"; a MIG slice is told by itself.
bool is_virtual(const hardware::NvidiaDevice& device) {
  return device.name.rfind("GRID ", 0) == 0 || device.name.find("vGPU") != std::string::npos;
}

void tell(const Capabilities& c, const hardware::NvidiaDevice& device, const thin::DeviceSink& sink) {
  const std::string arch = "sm_" + std::to_string(device.major) + std::to_string(device.minor);
  const std::string reason = unusable(c, device);
  const std::string& driver = c.nvidia.files.driver;
  da3_device d = blank();
  d.dl_id = device.index;
  d.score = score(c, device);
  d.precisions = fp32 | fp16 | int8 | (device.major >= 8 ? tf32 | bf16 : 0);
  d.mem_total = device.memory_total;
  std::memcpy(d.uuid, device.uuid.data(), sizeof d.uuid);
  d.numa_node = device.numa_node;
  d.flags = (device.integrated ? unified_flag | integrated_flag : 0) | (device.mig ? mig_flag : 0) |
            (is_virtual(device) ? virtual_flag : 0);
  d.name = device.name.c_str();
  d.driver = driver.empty() ? nullptr : driver.c_str();
  d.arch = arch.c_str();
  d.bus = device.bus.empty() ? nullptr : device.bus.c_str();
  d.reason = reason.empty() ? nullptr : reason.c_str();
  sink(d);
}

}  // namespace

int32_t score(const Capabilities& c, const hardware::NvidiaDevice& device) {
  if (!unusable(c, device).empty()) return 0;
  const int generation = 10 * device.major + device.minor;
  if (device.integrated) return std::min(299, 200 + generation);
  // Among several the one with more memory, unless it is generations older.
  constexpr uint64_t gib = 1ull << 30;
  const uint64_t memory = device.memory_total == UINT64_MAX ? 0 : device.memory_total / gib;
  return 300 + generation + static_cast<int32_t>(std::min<uint64_t>(memory, 256));
}

void tell_devices(const Capabilities& c, const thin::DeviceSink& sink) {
  for (const hardware::NvidiaDevice& device : c.nvidia.devices) tell(c, device, sink);
  if (!c.nvidia.devices.empty()) return;
  const std::string reason = no_device(c), driver = c.nvidia.files.driver;
  da3_device d = blank();
  d.name = "NVIDIA GPU";
  d.driver = driver.empty() ? nullptr : driver.c_str();
  d.reason = reason.c_str();
  sink(d);
}

}  // namespace da3::cuda
