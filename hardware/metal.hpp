// SPDX-License-Identifier: Apache-2.0
// Apple GPUs, without linking Metal: the frameworks are opened when they are asked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace da3::hardware {

struct MetalDevice {
  std::string name;                   ///< "Apple M3 Max"
  int family = 0;                     ///< newest MTLGPUFamilyApple<n>: 7 M1, 8 M2, 9 M3 and M4; 0: none
  uint64_t working_set = UINT64_MAX;  ///< recommendedMaxWorkingSetSize, bytes; UINT64_MAX: not known
  bool unified = false, low_power = false;
  bool paravirtual = false;  ///< a virtual machine's: no bfloat16, no Apple family
};

struct MetalFacts {
  std::string macos;  ///< "15.1"; empty elsewhere
  std::vector<MetalDevice> devices;
  std::string reason;  ///< why no device can be used, one sentence without a full stop; empty: one can
};

/// On systems without Metal: no devices, and the reason says so. [any]
MetalFacts read_metal();

}  // namespace da3::hardware
