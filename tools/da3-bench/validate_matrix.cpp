// SPDX-License-Identifier: Apache-2.0
#include "validate_matrix.hpp"

namespace da3::bench {
namespace {

void add(std::vector<Configuration>& all, const std::vector<std::string>& modes,
         const std::vector<std::string>& precisions, bool compile) {
  for (const std::string& mode : modes)
    for (const std::string& precision : precisions) all.push_back({mode, precision, compile});
}

}  // namespace

std::vector<Configuration> configurations_of(const std::string& device) {
  const std::vector<std::string> modes{"minimal", "balanced", "max"};
  std::vector<Configuration> all;
  if (device == "mps") {
    add(all, modes, {"off", "auto", "bfloat16"}, false);
    add(all, modes, {"bfloat16"}, true);
  } else if (device == "cuda") {
    for (const bool compile : {false, true}) add(all, modes, {"off", "auto", "float16"}, compile);
  } else {
    add(all, modes, {"off", "auto"}, false);
    if (device == "cpu") add(all, {"balanced", "max"}, {"auto"}, true);
  }
  return all;
}

std::string configuration_name(const Configuration& configuration) {
  return configuration.performance_mode + ", " + configuration.mixed_precision +
         (configuration.compile ? ", compiled" : "");
}

}  // namespace da3::bench
