// SPDX-License-Identifier: Apache-2.0
// A machine's written record as capabilities.
#include <da3/error.hpp>

#include <algorithm>
#include <sstream>

#include "common/record.hpp"
#include "cpu/capabilities.hpp"

namespace da3::cpu {
namespace {

[[noreturn]] void bad(const std::string& key, const std::string& why) {
  throw Error(DA3_E_BAD_VALUE, "the machine's '" + key + "': " + why);
}

/// "0-7,16" with the same meaning as the kernel's.
std::vector<int> cpus_of(const thin::Record& record, const std::string& key) {
  std::vector<int> cpus;
  std::istringstream ranges(record.text(key));
  for (std::string range; std::getline(ranges, range, ',');) {
    int first = 0, last = 0;
    char dash = '-';
    std::istringstream numbers(range);
    if (!(numbers >> first)) bad(key, "'" + range + "' is no CPU; write a list like 0-7,16");
    if (!(numbers >> dash >> last)) last = first;
    if (dash != '-' || first < 0 || last < first || last > 4095)
      bad(key, "'" + range + "' is no range of CPUs; write a list like 0-7,16");
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

/// Of the allowed CPUs. A core's are numbered as Linux does it: one of each core first, then the second ones.
std::vector<CpuPlace> places(const thin::Record& record, const Capabilities& c) {
  const int of_a_core = static_cast<int>(record.integer("cpu.threads_per_core", 1));
  if (of_a_core < 1 || c.online_cpus % of_a_core != 0)
    bad("cpu.threads_per_core", "it must divide cpu.online");
  const int cores = c.online_cpus / of_a_core;
  std::vector<CpuPlace> all;
  const std::vector<std::string> nodes = record.items("cpu.nodes");
  for (size_t node = 0; node < nodes.size(); ++node)
    for (int cpu : cpus_of(record, nodes[node])) all.push_back({cpu, cpu % cores, static_cast<int>(node)});
  const int count = c.allowed_cpus > 0 ? c.allowed_cpus : c.online_cpus;
  if (nodes.empty())
    for (int cpu = 0; cpu < count; ++cpu) all.push_back({cpu, cpu % cores, c.numa_node});
  if (static_cast<int>(all.size()) != count)
    bad("cpu.nodes",
        "it has " + std::to_string(all.size()) + " CPUs, and the process may use " + std::to_string(count));
  return all;
}

}  // namespace

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
  c.places = places(record, c);
  if (const double speed = record.number("cpu.bfloat16_speed", 0); speed > 0) c.bfloat16_speed = speed;
  c.memory_total = record.bytes("memory.total");
  c.memory_available = record.bytes("memory.available");
  record.check_all_read("cpu");
  record.check_all_read("memory");
  return c;
}

}  // namespace da3::cpu
