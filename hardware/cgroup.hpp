// SPDX-License-Identifier: Apache-2.0
// Limits of the control group that this process runs in, versions 1 and 2.
#pragma once

#include <cstdint>
#include <filesystem>

namespace da3::hardware {

struct CgroupLimits {
  double cpus = 0;                     ///< quota / period, 0: none
  uint64_t memory_limit = UINT64_MAX;  ///< bytes, UINT64_MAX: none
  uint64_t memory_free = UINT64_MAX;   ///< what the tightest group has left
};

/// root: "/" or a recorded tree with proc/self/cgroup and sys/fs/cgroup.
CgroupLimits read_cgroup_limits(const std::filesystem::path& root);

}  // namespace da3::hardware
