// SPDX-License-Identifier: Apache-2.0
#include "common/backend_info.hpp"
#include "common/common_options.hpp"

namespace da3::thin {

const BackendInfo& backend_info() {
  static const auto& info = *new BackendInfo{
      "mps",
      "org.da3.mps",
      DA3_VERSION,
      "The da3 project",
      "Apache-2.0",
      DA3_RUNTIME_ID,
      "libda3_mps" DA3_LIBRARY_SUFFIX,
      "libda3_mps_engine" DA3_LIBRARY_SUFFIX,
      "metal",
      "aarch64",
      "macos",
      /*needs=*/{"a Mac with Apple silicon", "Metal", "macOS 14.4 or later"},
      with_common_options({
          {"mps.memory_cap", "float[0.1,1.0]", "0.7",
           "Share of Metal's recommended working set that may be used; beyond it a run fails early instead "
           "of swapping",
           DA3_SCOPE_OPTIMIZER},
          {"mps.attention_budget_mb", "int[16,16384]", "256",
           "Megabytes that the scores of one attention chunk may take", DA3_SCOPE_OPTIMIZER},
          {"mps.empty_cache", "enum{auto}|bool", "auto",
           "Give the allocator's cached memory back between models (auto: except in mode max)",
           DA3_SCOPE_OPTIMIZER},
      }),
      /*requirements=*/{{"metal", "any"}, {"macos", "14.4"}}};
  return info;
}

}  // namespace da3::thin
