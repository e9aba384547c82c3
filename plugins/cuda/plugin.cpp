// SPDX-License-Identifier: Apache-2.0
// libda3_cuda: the entry. The table is common/thin_plugin.cpp, decisions are policy.cpp.
#include <mutex>

#include "common/backend_info.hpp"
#include "common/host.hpp"
#include "common/thin_plugin.hpp"
#include "cuda/machine.hpp"
#include "cuda/policy.hpp"
#include "cuda/probe.hpp"

namespace {

using da3::cuda::Capabilities;

/// Asking the driver takes a process and up to seconds: a good answer holds as long as this process.
Capabilities this_machine() {
  static auto& mutex = *new std::mutex;
  static auto& known = *new Capabilities;
  const auto host = da3::thin::HostSlot::instance().host();
  const std::lock_guard lock(mutex);
  if (known.nvidia.devices.empty()) known = da3::cuda::machine(*host);
  return known;
}

void probe(const da3::thin::DeviceSink& sink) { da3::cuda::tell_devices(this_machine(), sink); }

da3::thin::Decision decide(const da3::thin::OptionSet& options, da3::thin::DeviceId id, uint32_t cpu_budget) {
  Capabilities machine = this_machine();
  if (cpu_budget > 0) machine.cpus = static_cast<int>(cpu_budget);
  return da3::cuda::decide(machine, options, id);
}

void assume_probe(const da3::thin::Record& record, const da3::thin::DeviceSink& sink) {
  da3::cuda::tell_devices(da3::cuda::assumed_capabilities(record), sink);
}

da3::thin::Decision assume_decide(const da3::thin::Record& record, const da3::thin::OptionSet& options,
                                  da3::thin::DeviceId id) {
  return da3::cuda::decide(da3::cuda::assumed_capabilities(record), options, id);
}

}  // namespace

const da3::thin::Backend& da3::thin::backend() {
  static const Backend cuda{&backend_info(), probe, ::decide, assume_probe, assume_decide};
  return cuda;
}

int32_t DA3_CALL da3_plugin_entry(uint32_t host_major_min, uint32_t host_major_max, const da3_host* host,
                                  const da3_plugin** out, da3_error* error) {
  return da3::thin::enter(host_major_min, host_major_max, host, out, error);
}
