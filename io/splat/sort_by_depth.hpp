// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace da3::splat {

struct Seen {
  uint32_t depth;  ///< bits of a float that is not negative: they have its order
  uint32_t index;
};

/// Nearest first; equal depths keep their order. `scratch` is for the next call.
void sort_by_depth(std::vector<Seen>& seen, std::vector<Seen>& scratch);

}  // namespace da3::splat
