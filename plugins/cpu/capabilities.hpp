// SPDX-License-Identifier: Apache-2.0
// What this machine's CPU can do and how much of it the process may use. Facts only; policy.cpp decides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hardware/cpu.hpp"

namespace da3::thin {
class Record;
}

namespace da3::cpu {

using hardware::CpuPlace;

/// Of all nodes (-1) or of one.
int cores_of(const std::vector<CpuPlace>&, int node = -1);

struct Capabilities {
  std::string name;  ///< "AMD EPYC 7713 64-Core Processor"
  bool x86 = false, arm = false;
  std::set<std::string>
      features;  ///< the kernel's names: "avx2", "avx512_bf16", "amx_bf16", "asimd", "bf16" ...

  int online_cpus = 1;
  int allowed_cpus = 0;   ///< by affinity; 0: not known
  double quota_cpus = 0;  ///< by cgroup, e.g. 1.5; 0: no limit
  uint64_t memory_total = UINT64_MAX,
           memory_available = UINT64_MAX;  ///< bytes, within the cgroup; UINT64_MAX: not known
  int numa_node = -1;                      ///< the one node of all allowed CPUs, -1: several or not known
  std::vector<CpuPlace> places;            ///< of the allowed CPUs; empty: not known
  std::string bound_by;  ///< a variable by which OpenMP binds its threads itself, "OMP_PROC_BIND"; or empty

  /// How many times as fast as float32 bfloat16 measured here; empty: not measured.
  std::optional<double> bfloat16_speed;

  bool has(const char* feature) const { return features.count(feature) != 0; }
  bool native_bfloat16() const { return has("avx512_bf16") || has("amx_bf16") || (arm && has("bf16")); }
  bool native_float16() const { return has("avx512_fp16") || has("asimdhp"); }
  /// Products of 8-bit integers at more than float32's rate.
  bool native_int8() const;
  /// CPUs that the process may keep busy: affinity and quota, a part of a CPU counts as one. At least 1.
  int usable_cpus() const;
  /// Why that many: "2 CPUs by affinity", "a cgroup quota of 1.5 CPUs", "4 CPUs".
  std::string usable_reason() const;
  /// Of those, as many as compute at full speed: one for each core.
  int compute_cpus() const;
  std::string compute_reason() const;
  /// Whether threads can be kept on CPUs here.
  bool can_bind() const { return allowed_cpus > 0 && !places.empty(); }
};

/// All that a measured speed depends on, lines.
std::string speed_key(const Capabilities&);

/// This machine. What cannot be read stays not known.
Capabilities read_capabilities();
/// Of proc/ and sys/ below root, in tests a recorded tree.
Capabilities read_linux_capabilities(const std::filesystem::path& root);
/// Of the sections cpu and memory of a machine's record. Throws Error.
Capabilities assumed_capabilities(const thin::Record&);

}  // namespace da3::cpu
