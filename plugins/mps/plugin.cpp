// SPDX-License-Identifier: Apache-2.0
// libda3_mps: the entry. The table is common/thin_plugin.cpp, decisions are policy.cpp.
#include "common/backend_info.hpp"
#include "common/thin_plugin.hpp"
#include "mps/machine.hpp"
#include "mps/policy.hpp"
#include "mps/probe.hpp"

namespace {

using da3::mps::Capabilities;

void probe(const da3::thin::DeviceSink& sink) { da3::mps::tell_devices(da3::mps::machine(), sink); }

da3::thin::Decision decide(const da3::thin::OptionSet& options, da3::thin::DeviceId id, uint32_t cpu_budget) {
  Capabilities machine = da3::mps::machine();
  if (cpu_budget > 0) machine.cpus = static_cast<int>(cpu_budget);
  return da3::mps::decide(machine, options, id);
}

void assume_probe(const da3::thin::Record& record, const da3::thin::DeviceSink& sink) {
  da3::mps::tell_devices(da3::mps::assumed_capabilities(record), sink);
}

da3::thin::Decision assume_decide(const da3::thin::Record& record, const da3::thin::OptionSet& options,
                                  da3::thin::DeviceId id) {
  return da3::mps::decide(da3::mps::assumed_capabilities(record), options, id);
}

}  // namespace

const da3::thin::Backend& da3::thin::backend() {
  static const Backend mps{&backend_info(), probe, ::decide, assume_probe, assume_decide};
  return mps;
}

int32_t DA3_CALL da3_plugin_entry(uint32_t host_major_min, uint32_t host_major_max, const da3_host* host,
                                  const da3_plugin** out, da3_error* error) {
  return da3::thin::enter(host_major_min, host_major_max, host, out, error);
}
