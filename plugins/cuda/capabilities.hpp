// SPDX-License-Identifier: Apache-2.0
// What this machine's NVIDIA GPUs can do, and what this build carries for them. Facts only; policy.cpp
// decides.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/record.hpp"
#include "hardware/nvidia.hpp"

namespace da3::cuda {

struct Capabilities {
  hardware::NvidiaFacts nvidia;
  std::vector<std::string> built_for;  ///< compute capabilities that the engine carries code for
  int cpus = 1;                        ///< that the process may keep busy
  uint64_t host_memory = UINT64_MAX;   ///< bytes that the process can still have
  std::vector<std::string> overrides;  ///< NAME=value of variables that change what CUDA computes
};

/// Asks the driver in a child, see hardware/nvidia.hpp. library_folder: where this plugin lies;
/// cache_folder: may be empty. The CPU's facts are left out.
Capabilities read_capabilities(const std::filesystem::path& library_folder,
                               const std::filesystem::path& cache_folder);
/// Of the sections cpu, memory and nvidia. Throws Error.
Capabilities assumed_capabilities(const thin::Record&);

/// Compute capabilities of the LibTorch that this build is for.
std::vector<std::string> built_for();

/// Why that device cannot be used: "why; what to do". Empty: it can.
std::string unusable(const Capabilities&, const hardware::NvidiaDevice&);
/// Why no device at all was found. Empty: there are devices.
std::string no_device(const Capabilities&);

}  // namespace da3::cuda
