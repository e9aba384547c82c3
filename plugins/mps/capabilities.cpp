// SPDX-License-Identifier: Apache-2.0
#include "mps/capabilities.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <algorithm>
#include <thread>

#include "common/assumed_cpu.hpp"

namespace da3::mps {
namespace {

using hardware::MetalDevice;

/// "14.4" -> 1404; 0: no version.
int macos_number(const std::string& text) {
  const auto parts = option_type::split(text, '.');
  const auto major = option_type::parse_int(parts[0]);
  const auto minor = parts.size() > 1 ? option_type::parse_int(parts[1]) : std::optional<int64_t>(0);
  return major && minor ? static_cast<int>(100 * *major + *minor) : 0;
}

constexpr const char* use_cpu = "; use the cpu backend";

MetalDevice read_device(const thin::Record& record, const std::string& at) {
  MetalDevice device;
  device.name = record.text(at + ".name", "Apple GPU");
  device.family = static_cast<int>(record.integer(at + ".family", 0));
  device.working_set = record.bytes(at + ".working_set");
  device.unified = record.flag(at + ".unified");
  device.low_power = record.flag(at + ".low_power");
  device.paravirtual = record.flag(at + ".paravirtual");
  return device;
}

}  // namespace

Capabilities read_capabilities() {
  return {hardware::read_metal(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
}

Capabilities assumed_capabilities(const thin::Record& record) {
  Capabilities c;
  c.cpus = thin::assumed_cpu(record).usable;
  if (!record.has("metal")) {
    c.metal.reason = "no Metal on this system";
    return c;
  }
  c.metal.macos = record.text("metal.macos");
  if (macos_number(c.metal.macos) == 0)
    throw Error(DA3_E_BAD_VALUE, "the machine's 'metal.macos' = '" + c.metal.macos +
                                     "' is not a version of macOS like 15.1; change it");
  for (const std::string& at : record.items("metal.devices"))
    c.metal.devices.push_back(read_device(record, at));
  if (c.metal.devices.empty()) c.metal.reason = "macOS shows no Metal device to this process";
  record.check_all_read("metal");
  return c;
}

const MetalDevice* the_device(const Capabilities& c) {
  for (const MetalDevice& device : c.metal.devices)
    if (unusable(c, &device).empty()) return &device;
  return c.metal.devices.empty() ? nullptr : &c.metal.devices.front();
}

std::string unusable(const Capabilities& c, const MetalDevice* device) {
  if (!device) {
    const std::string why =
        c.metal.reason.empty() ? "macOS shows no Metal device to this process" : c.metal.reason;
    return why.find("; ") == std::string::npos ? why + use_cpu : why;
  }
  if (device->paravirtual)
    return device->name + " is the GPU of a virtual machine, which has neither bfloat16 nor all kernels" +
           use_cpu + ", or run on the Mac itself";
  if (device->family < 7 || !device->unified)
    return device->name + " is not the GPU of an Apple processor (M1 or later)" + use_cpu;
  if (macos_number(c.metal.macos) < 1404)
    return "macOS " + c.metal.macos +
           " is older than 14.4, which LibTorch's Metal kernels need; update macOS, " +
           "or use the cpu backend";
  return "";
}

}  // namespace da3::mps
