// SPDX-License-Identifier: Apache-2.0
#include "net/sky.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace da3::net {

namespace {
constexpr double kSkyThreshold = 0.3, kFarQuantile = 0.99;
constexpr int64_t kFewPixels = 10;
}  // namespace

at::Tensor ground_mask(const at::Tensor& sky) { return sky.lt(kSkyThreshold); }

at::Tensor quantile(const at::Tensor& values, double q) {
  const at::Tensor flat = values.flatten();
  const double rank = q * static_cast<double>(flat.numel() - 1);
  const auto below = static_cast<int64_t>(std::floor(rank));
  const at::Tensor low = std::get<0>(flat.kthvalue(below + 1));
  if (below + 1 >= flat.numel()) return low;
  const at::Tensor high = std::get<0>(flat.kthvalue(below + 2));
  return low.lerp(high, rank - static_cast<double>(below));
}

void fill_sky_(at::Tensor& depth, const at::Tensor& sky) {
  for (int64_t b = 0; b < depth.size(0); ++b) {
    at::Tensor scene = depth[b];
    const at::Tensor ground = ground_mask(sky[b]);
    const int64_t pixels = ground.sum().item<int64_t>();
    if (pixels <= kFewPixels || ground.numel() - pixels <= kFewPixels) continue;
    scene.masked_fill_(ground.logical_not(), quantile(scene.masked_select(ground), kFarQuantile));
  }
}

}  // namespace da3::net
