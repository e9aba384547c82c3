// SPDX-License-Identifier: Apache-2.0
#include "cpu/capabilities.hpp"

#include <engine_build_id.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "common/backend_info.hpp"
#include "hardware/cpu.hpp"

namespace da3::cpu {
namespace {

int plain_cpus(const Capabilities& c) {
  return std::max(1, c.allowed_cpus > 0 ? c.allowed_cpus : c.online_cpus);
}

bool quota_decides(const Capabilities& c) {
  return c.quota_cpus > 0 && std::ceil(c.quota_cpus) < plain_cpus(c);
}

std::string cpus(int n) { return std::to_string(n) + (n == 1 ? " CPU" : " CPUs"); }

}  // namespace

bool Capabilities::native_int8() const {
  for (const char* feature : {"avx512_vnni", "avx_vnni", "avx2", "i8mm", "asimddp"})
    if (has(feature)) return true;
  return false;
}

int Capabilities::usable_cpus() const {
  return quota_decides(*this) ? std::max(1, static_cast<int>(std::ceil(quota_cpus))) : plain_cpus(*this);
}

std::string Capabilities::usable_reason() const {
  if (quota_decides(*this)) {
    char text[64];
    std::snprintf(text, sizeof text, "a cgroup quota of %.2g CPUs", quota_cpus);
    return text;
  }
  if (allowed_cpus > 0 && allowed_cpus < online_cpus)
    return cpus(allowed_cpus) + " of " + std::to_string(online_cpus) + " by affinity";
  return "the machine has " + cpus(plain_cpus(*this));
}

int cores_of(const std::vector<CpuPlace>& places, int node) {
  std::set<int> cores;
  for (const CpuPlace& place : places)
    if (node < 0 || place.node == node) cores.insert(place.core);
  return static_cast<int>(cores.size());
}

int Capabilities::compute_cpus() const {
  const int usable = usable_cpus();
  return places.empty() ? usable : std::min(usable, cores_of(places));
}

std::string Capabilities::compute_reason() const {
  const int n = compute_cpus();
  if (n == usable_cpus()) return usable_reason();
  return usable_reason() + ", on " + std::to_string(n) + (n == 1 ? " core" : " cores") +
         ": the threads of a core would share its units";
}

std::string speed_key(const Capabilities& c) {
  const thin::BackendInfo& info = thin::backend_info();
  std::string key = "cpu " + c.name + "\nfeatures";
  for (const std::string& feature : c.features) key += " " + feature;
  return key + "\nruntime " + info.runtime_id + "\nda3 " + info.version + ", " + DA3_ENGINE_BUILD_ID +
         "\nbfloat16, times float32: ";
}

Capabilities read_linux_capabilities(const std::filesystem::path& root) {
  const hardware::CpuFacts cpu = hardware::read_cpu(root);
  const hardware::MemoryFacts memory = hardware::read_memory(root);
  Capabilities c;
  c.name = cpu.name;
  c.x86 = cpu.x86, c.arm = cpu.arm;
  c.features = cpu.features;
  c.online_cpus = cpu.online;
  c.allowed_cpus = static_cast<int>(cpu.allowed.size());
  c.quota_cpus = cpu.quota;
  c.numa_node = cpu.numa_node;
  c.places = cpu.places;
  c.memory_total = std::min(memory.total, memory.limit);
  c.memory_available = memory.available;
  return c;
}

Capabilities read_capabilities() {
  Capabilities c = read_linux_capabilities("/");
  for (const char* variable : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"})
    if (const char* value = std::getenv(variable); value && *value && c.bound_by.empty())
      c.bound_by = variable;
  return c;
}

}  // namespace da3::cpu
