// SPDX-License-Identifier: Apache-2.0
// The sections cpu and memory of a machine's record, for backends that only want to know how many threads and
// how much memory there are.
#pragma once

#include <cstdint>

#include "common/record.hpp"

namespace da3::thin {

struct AssumedCpu {
  int usable = 1;  ///< CPUs by affinity and quota, at least 1
  uint64_t memory_available = UINT64_MAX;
};

AssumedCpu assumed_cpu(const Record&);

}  // namespace da3::thin
