// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace da3::splat {

/// What was rendered, on black.
struct Picture {
  int32_t width = 0, height = 0;
  std::vector<float> colour;  ///< [height, width, 3]; 0 and above, may be above 1
  std::vector<float> depth;   ///< [height, width]: mean along the ray; 0 where nothing is
  std::vector<float> alpha;   ///< [height, width]
};

}  // namespace da3::splat
