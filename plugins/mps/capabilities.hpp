// SPDX-License-Identifier: Apache-2.0
// What this Mac's GPU can do. Facts only; policy.cpp decides.
#pragma once

#include "common/record.hpp"
#include "hardware/metal.hpp"

namespace da3::mps {

struct Capabilities {
  hardware::MetalFacts metal;
  int cpus = 1;  ///< that the process may keep busy
};

Capabilities read_capabilities();
/// Of the sections cpu and metal. Throws Error.
Capabilities assumed_capabilities(const thin::Record&);

/// MPS has one device: the first that can be used, else the first; nullptr where there is none.
const hardware::MetalDevice* the_device(const Capabilities&);

/// Why it cannot be used: "why; what to do". Empty: it can. device may be nullptr.
std::string unusable(const Capabilities&, const hardware::MetalDevice* device);

}  // namespace da3::mps
