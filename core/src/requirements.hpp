// SPDX-License-Identifier: Apache-2.0
// Whether this machine is what a manifest requires, before its library is loaded.
#pragma once

#include <da3/manifest.hpp>

#include <optional>
#include <string>

#include "hardware/cpu.hpp"
#include "hardware/metal.hpp"
#include "hardware/nvidia.hpp"

namespace da3::detail {

/// The machine's facts, read when a manifest first asks for them. Tests give their own.
class Machine {
 public:
  Machine() = default;
  Machine(hardware::NvidiaFacts nvidia, hardware::MetalFacts metal, hardware::CpuFacts cpu)
      : files_(nvidia), nvidia_(std::move(nvidia)), metal_(std::move(metal)), cpu_(std::move(cpu)) {}

  const hardware::NvidiaFacts& nvidia_files();  ///< from files alone
  const hardware::NvidiaFacts& nvidia();        ///< the driver was asked, in a child
  const hardware::MetalFacts& metal();
  const hardware::CpuFacts& cpu();

 private:
  std::optional<hardware::NvidiaFacts> files_, nvidia_;
  std::optional<hardware::MetalFacts> metal_;
  std::optional<hardware::CpuFacts> cpu_;
};

/// Why this machine does not do, one sentence, or "". ask_driver: what files do not tell is asked of the
/// driver, which may take seconds once in a boot.
std::string unmet_requirement(const Manifest&, Machine&, bool ask_driver);

}  // namespace da3::detail
