// SPDX-License-Identifier: Apache-2.0
// What a loaded plugin says about its devices and its options.
#include <algorithm>
#include <cstring>

#include "abi_call.hpp"
#include "plugin_loader.hpp"

namespace da3::detail {
namespace {

constexpr int32_t dl_cpu = 1;
constexpr uint32_t flag_integrated = 2;

/// The bands of da3_device.score: a plugin cannot outbid another class of devices.
int32_t clamp_score(int32_t score, int32_t dl_type, uint32_t flags) {
  if (score <= 0) return 0;
  if (dl_type == dl_cpu) return std::min(score, 199);
  if (flags & flag_integrated) return std::min(score, 299);
  return std::min(score, 999);
}

Device to_device(const da3_device& from) {
  Device device;
  device.dl_type = from.dl_type;
  device.dl_id = from.dl_id;
  device.flags = from.flags;
  device.score = clamp_score(from.score, from.dl_type, from.flags);
  device.precisions = from.precisions;
  device.mem_total = from.mem_total;
  device.mem_free = from.mem_free;
  std::memcpy(device.uuid.data(), from.uuid, device.uuid.size());
  device.numa_node = from.numa_node;
  device.name = text_or_empty(from.name);
  device.driver = text_or_empty(from.driver);
  device.arch = text_or_empty(from.arch);
  device.bus = text_or_empty(from.bus);
  device.reason = text_or_empty(from.reason);
  if (device.score == 0 && device.reason.empty())
    device.reason = "its plugin calls it unusable and gives no reason";
  return device;
}

OptionSpec to_option(const da3_option& from, const std::string& owner) {
  return {text_or_empty(from.key),
          text_or_empty(from.type),
          text_or_empty(from.def),
          text_or_empty(from.help),
          from.scope == DA3_SCOPE_RUN ? Scope::run : Scope::optimizer,
          from.deprecated != 0,
          owner};
}

template <class Item>
struct NamedCollector : Collector<Item> {
  std::string name;
};

}  // namespace

std::vector<Device> collect_devices(const ProbeCall& probe) {
  Collector<Device> collector;
  CallError error;
  const int32_t status = probe(
      [](void* ctx, const da3_device* device) {
        if (DA3_HAS(device, da3_device, reason))
          static_cast<Collector<Device>*>(ctx)->add([&] { return to_device(*device); });
      },
      &collector, error.get());
  error.check(status, "its probe");
  return collector.take();
}

std::vector<Device> probe_devices(const LoadedPlugin& plugin) { return collect_devices(plugin.table.probe); }

std::vector<OptionSpec> read_options(const LoadedPlugin& plugin) {
  NamedCollector<OptionSpec> collector;
  collector.name = plugin.name;
  CallError error;
  const int32_t status = plugin.table.options(
      [](void* ctx, const da3_option* option) {
        auto* self = static_cast<NamedCollector<OptionSpec>*>(ctx);
        if (DA3_HAS(option, da3_option, scope)) self->add([&] { return to_option(*option, self->name); });
      },
      &collector, error.get());
  error.check(status, "its options");
  return collector.take();
}

}  // namespace da3::detail
