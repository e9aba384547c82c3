// SPDX-License-Identifier: Apache-2.0
// libda3_cpu: the entry. The table is common/thin_plugin.cpp, decisions are policy.cpp.
#include <da3/error.hpp>

#include "common/backend_info.hpp"
#include "common/host.hpp"
#include "common/measured.hpp"
#include "common/thin_plugin.hpp"
#include "cpu/policy.hpp"
#include "cpu/probe.hpp"

namespace {

void check_device(da3::thin::DeviceId id) {
  if (id.type != 1 || id.index != 0)
    throw da3::Error(DA3_E_NOT_FOUND,
                     "optimizer_create: the cpu backend has no device of type " + std::to_string(id.type) +
                         " and index " + std::to_string(id.index) + "; its only device is type 1, index 0",
                     /*kind=*/4, id.index);
}

void probe(const da3::thin::DeviceSink& sink) {
  const da3::cpu::Capabilities capabilities = da3::cpu::read_capabilities();
  sink(da3::cpu::device_record(capabilities));
}

da3::thin::Decision decide(const da3::thin::OptionSet& options, da3::thin::DeviceId id, uint32_t cpu_budget) {
  check_device(id);
  da3::cpu::Capabilities capabilities = da3::cpu::read_capabilities();
  if (capabilities.native_bfloat16())
    capabilities.bfloat16_speed = da3::thin::known_speed(
        da3::cpu::speed_key(capabilities), da3::thin::HostSlot::instance().host()->cache_folder());
  return da3::cpu::decide(capabilities, options, cpu_budget);
}

void assume_probe(const da3::thin::Record& record, const da3::thin::DeviceSink& sink) {
  const da3::cpu::Capabilities capabilities = da3::cpu::assumed_capabilities(record);
  sink(da3::cpu::device_record(capabilities));
}

da3::thin::Decision assume_decide(const da3::thin::Record& record, const da3::thin::OptionSet& options,
                                  da3::thin::DeviceId id) {
  check_device(id);
  return da3::cpu::decide(da3::cpu::assumed_capabilities(record), options, 0);
}

}  // namespace

const da3::thin::Backend& da3::thin::backend() {
  static const Backend cpu{&backend_info(), probe, ::decide, assume_probe, assume_decide};
  return cpu;
}

int32_t DA3_CALL da3_plugin_entry(uint32_t host_major_min, uint32_t host_major_max, const da3_host* host,
                                  const da3_plugin** out, da3_error* error) {
  return da3::thin::enter(host_major_min, host_major_max, host, out, error);
}
