// SPDX-License-Identifier: Apache-2.0
// The end of a head by simd/winograd_logits.hpp, spread over the threads.
#include <ATen/ops/empty.h>

#include "cpu/simd/winograd_logits.hpp"
#include "cpu/winograd_convolution.hpp"
#include "cpu/winograd_strips.hpp"

namespace da3::cpu {

at::Tensor winograd_full_size(const simd::UpsampledMaps& maps, int64_t views, const net::Convolution& hidden,
                              const at::Tensor& weight, const at::Tensor& bias) {
  const int64_t out_channels = weight.size(0);
  // Planes, so that what follows reads each output by itself.
  const at::Tensor planes = at::empty({out_channels, views, maps.height, maps.width}, weight.options());
  const simd::WinogradLayer convolution = winograd_layer(hidden);
  const simd::LogitsLayer linear{out_channels, weight.const_data_ptr<float>(),
                                 bias.defined() ? bias.const_data_ptr<float>() : nullptr};
  auto* to = planes.mutable_data_ptr<float>();
  over_strips(maps, views, simd::winograd_strip_tiles(maps.channels),
              simd::winograd_logits_scratch(convolution),
              [&](int64_t tile_row, int64_t first, int64_t count, float* scratch) {
                simd::winograd_logits(maps, views, convolution, linear, tile_row, first, count, to, scratch);
              });
  return planes.permute({1, 2, 3, 0});
}

}  // namespace da3::cpu
