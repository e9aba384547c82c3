// SPDX-License-Identifier: Apache-2.0
#include "scenes/pipeline_limits.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

#include "hardware/cpu.hpp"

namespace da3::host {
namespace {

size_t number(const Engine& engine, const char* key, int64_t unknown, int64_t least, int64_t most) {
  return static_cast<size_t>(
      std::clamp(option_type::parse_int(engine.value(key)).value_or(unknown), least, most));
}

}  // namespace

PipelineLimits pipeline_limits(const Engine& engine) {
  PipelineLimits limits;
  limits.batch = number(engine, "effective.batch", 1, 1, 64);
  limits.prefetch = number(engine, "effective.prefetch", 0, 0, 16);
  limits.readers = number(engine, "effective.workers", 1, 1, 64);
  // Writing packs and compresses: what can read for a fast device can write for it.
  limits.writers = std::clamp<size_t>(limits.readers / 2, 1, 8);
  // A backend plans with 0.8 to 0.9 of the free memory: twice this share is within the rest.
  constexpr uint64_t least = uint64_t{64} << 20, most = uint64_t{2} << 30;
  const uint64_t available = hardware::read_memory().available;
  limits.bytes = available == UINT64_MAX ? least : std::clamp(available / 32, least, most);
  return limits;
}

}  // namespace da3::host
