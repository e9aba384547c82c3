// SPDX-License-Identifier: Apache-2.0
// What the machine has, for "devices": as JSON and as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hardware/cpu.hpp"
#include "hardware/metal.hpp"
#include "hardware/nvidia.hpp"

namespace da3::host {

struct HardwareFacts {
  hardware::CpuFacts cpu;
  hardware::MemoryFacts memory;
  hardware::NvidiaFacts nvidia;
  hardware::MetalFacts metal;
  uint32_t threads = 1;  ///< that this process may use
  std::string threads_reason;
};

/// {"cpu": {...}, "memory": {...}, "nvidia": {...}, "metal": {...}}; every key is always there, null where a
/// fact is not known. Bytes.
nlohmann::ordered_json to_json(const HardwareFacts&);

/// A few lines, each with its name first: "cpu", "memory", "nvidia", "metal".
std::string to_text(const HardwareFacts&);

/// "15.6 GiB", "" when not known
std::string gigabytes(uint64_t bytes);

}  // namespace da3::host
