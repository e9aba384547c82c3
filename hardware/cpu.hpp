// SPDX-License-Identifier: Apache-2.0
// The CPU and the memory of this machine, and how much of both this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace da3::hardware {

/// Where a CPU is.
struct CpuPlace {
  int cpu = 0;
  int core = 0;   ///< the lowest CPU of its core: CPUs of one core share its units (SMT)
  int node = -1;  ///< NUMA node; -1: not known
};

struct CpuFacts {
  std::string name;  ///< "AMD EPYC 7713 64-Core Processor"
  bool x86 = false, arm = false;
  /// The kernel's names, on macOS too: "avx2", "avx512_bf16", "amx_bf16", "avx_vnni", "asimd", "sve", "bf16"
  /// ...
  std::set<std::string> features;
  int online = 1;                ///< CPUs of the machine
  std::string allowed_list;      ///< affinity as the kernel writes it, "0-7,16"; empty: not known
  std::vector<int> allowed;      ///< the same, only those that are plugged in
  std::vector<CpuPlace> places;  ///< of `allowed`, in its order
  double quota = 0;              ///< CPUs by cgroup (v1, v2), e.g. 1.5; 0: no limit
  int numa_node = -1;            ///< the one node of all allowed CPUs; -1: several or not known

  /// Those features that matrix kernels ask for, in a fixed order.
  std::vector<std::string> instruction_sets() const;
};

/// Bytes; UINT64_MAX: not known, or no limit.
struct MemoryFacts {
  uint64_t total = UINT64_MAX;      ///< of the machine
  uint64_t limit = UINT64_MAX;      ///< of the tightest cgroup
  uint64_t available = UINT64_MAX;  ///< what this process can still have, within the limit
};

/// root: "/" or a recorded tree with proc/ and sys/. What cannot be read stays not known. On macOS "/"
/// is this machine by sysctl. [any]
CpuFacts read_cpu(const std::filesystem::path& root = "/");
MemoryFacts read_memory(const std::filesystem::path& root = "/");

/// "0-2,5" -> {0, 1, 2, 5}; what is no such list gives {}.
std::vector<int> parse_cpu_list(const std::string&);

}  // namespace da3::hardware
