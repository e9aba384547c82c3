// SPDX-License-Identifier: Apache-2.0
#include "common/assumed_cpu.hpp"

#include <algorithm>
#include <cmath>

namespace da3::thin {

AssumedCpu assumed_cpu(const Record& record) {
  AssumedCpu cpu;
  const int64_t online = record.integer("cpu.online", 1), allowed = record.integer("cpu.allowed", online);
  const double quota = record.number("cpu.quota", 0);
  cpu.usable = static_cast<int>(std::max<int64_t>(1, std::min(online, allowed)));
  if (quota > 0) cpu.usable = std::clamp(static_cast<int>(std::ceil(quota)), 1, cpu.usable);
  cpu.memory_available = record.bytes("memory.available");
  return cpu;
}

}  // namespace da3::thin
