// SPDX-License-Identifier: Apache-2.0
// Vectors as colours: their three principal components (Pearson 1901) as red, green and blue.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace da3::io {

/// values: [count, channels] float32 -> [count, 3]. Each component runs from its 10th percentile (0) to its
/// 90th (255) over all vectors; what is not a number counts as 0. Of components that the vectors do not have
/// (fewer than three channels, or all alike) the colour is 0. The sign of an axis, which mathematics leaves
/// open, makes its largest coefficient positive. The same input gives the same colours.
std::vector<uint8_t> principal_colours(std::span<const float> values, int64_t channels);

}  // namespace da3::io
