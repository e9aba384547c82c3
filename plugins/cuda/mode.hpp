// SPDX-License-Identifier: Apache-2.0
// What a mode means: defaults of settings that are not given.
#pragma once

#include "common/option_set.hpp"

namespace da3::cuda {

struct Mode {
  int workers, prefetch, batch;
  double memory_fraction, shared_memory_fraction;  ///< of a GPU of its own; of memory shared with the host
  bool benchmark, graphs, keep_scratch, empty_cache;
};

inline Mode mode_of(const thin::OptionSet& options) {
  if (options.is("performance_mode", "minimal")) return {4, 1, 1, 0.5, 0.3, false, false, false, true};
  if (options.is("performance_mode", "max")) return {16, 4, 8, 0.9, 0.7, true, true, true, false};
  return {8, 2, 4, 0.8, 0.5, true, false, true, false};
}

}  // namespace da3::cuda
