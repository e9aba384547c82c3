// SPDX-License-Identifier: Apache-2.0
// A machine's written record as capabilities.
#include <da3/error.hpp>

#include "common/record.hpp"
#include "cpu/capabilities.hpp"

namespace da3::cpu {

Capabilities assumed_capabilities(const thin::Record& record) {
  Capabilities c;
  c.name = record.text("cpu.name", "CPU");
  const std::string arch = record.text("cpu.arch");
  c.x86 = arch == "x86_64", c.arm = arch == "aarch64";
  if (!c.x86 && !c.arm)
    throw Error(DA3_E_BAD_VALUE,
                "the machine's 'cpu.arch' = '" + arch + "' is neither x86_64 nor aarch64; change it");
  c.features = record.words("cpu.features");
  c.online_cpus = static_cast<int>(record.integer("cpu.online", 1));
  c.allowed_cpus = static_cast<int>(record.integer("cpu.allowed", 0));
  c.quota_cpus = record.number("cpu.quota", 0);
  c.numa_node = static_cast<int>(record.integer("cpu.numa_node", -1));
  c.memory_total = record.bytes("memory.total");
  c.memory_available = record.bytes("memory.available");
  record.check_all_read("cpu");
  record.check_all_read("memory");
  return c;
}

}  // namespace da3::cpu
