// SPDX-License-Identifier: Apache-2.0
// The end of a head by simd/winograd_logits.hpp, spread over the threads.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>

#include "cpu/simd/winograd_logits.hpp"
#include "cpu/winograd_convolution.hpp"

namespace da3::cpu {

at::Tensor winograd_full_size(const simd::UpsampledMaps& maps, int64_t views, const net::Convolution& hidden,
                              const at::Tensor& weight, const at::Tensor& bias) {
  const int64_t out_channels = weight.size(0);
  // Planes, so that what follows reads each output by itself.
  const at::Tensor planes = at::empty({out_channels, views, maps.height, maps.width}, weight.options());
  const simd::WinogradLayer convolution{
      maps.channels, hidden.weight.size(2), hidden.weight.const_data_ptr<float>(),
      hidden.bias.defined() ? hidden.bias.const_data_ptr<float>() : nullptr};
  const simd::LogitsLayer linear{out_channels, weight.const_data_ptr<float>(),
                                 bias.defined() ? bias.const_data_ptr<float>() : nullptr};
  auto* to = planes.mutable_data_ptr<float>();
  const int64_t columns = simd::winograd_tiles(maps.width), rows = views * simd::winograd_tiles(maps.height);
  const int64_t most = simd::winograd_strip_tiles(maps.channels), strips = (columns + most - 1) / most;
  at::parallel_for(0, rows * strips, 1, [&](int64_t begin, int64_t end) {
    const at::DataPtr scratch =
        c10::GetCPUAllocator()->allocate(simd::winograd_logits_scratch(convolution) * sizeof(float));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % strips * most;
      simd::winograd_logits(maps, views, convolution, linear, i / strips, first,
                            std::min(most, columns - first), to, static_cast<float*>(scratch.get()));
    }
  });
  return planes.permute({1, 2, 3, 0});
}

}  // namespace da3::cpu
