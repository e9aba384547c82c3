// SPDX-License-Identifier: Apache-2.0
// Which convolutions a CPU does by Winograd's products: a pure function, since the transformed weights are
// four times as large, are kept once, and are counted before they are there.
#pragma once

#include <cstdint>

namespace da3::net {

/// Of a 3x3 convolution with stride 1 and padding 1 in float32. seldom: most runs do without it. Layers with
/// more input channels would cost the most memory, and come with small maps; they were not timed.
constexpr bool winograd_pays(int64_t in, int64_t out, bool seldom) {
  constexpr int64_t least = 32, most = 256, in_step = 16, out_step = 32;
  return !seldom && in >= least && in <= most && in % in_step == 0 && out % out_step == 0;
}

constexpr uint64_t kWinogradGrowth = 4;  ///< 36 products for each 9 weights

}  // namespace da3::net
