// SPDX-License-Identifier: Apache-2.0
// Which policies da3-bench validate tries on a device.
#pragma once

#include <string>
#include <vector>

namespace da3::bench {

struct Configuration {
  std::string performance_mode, mixed_precision;
  bool compile = false;
};

/// cpu 8, mps 12, cuda 18, of any other plugin 6: the modes in float32 and in its best precision.
std::vector<Configuration> configurations_of(const std::string& device);

/// "balanced, auto, compiled"
std::string configuration_name(const Configuration&);

}  // namespace da3::bench
