// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_convolution.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>

#include "cpu/simd/winograd.hpp"
#include "cpu/simd/winograd_upsampled.hpp"
#include "cpu/winograd_strips.hpp"
#include "net/winograd_choice.hpp"

namespace da3::cpu {

namespace {

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

/// Fewer where there would be too few blocks for the threads to share evenly; it changes no bits.
int64_t tiles_at_a_time(int64_t in, int64_t tiles) {
  const int64_t most = simd::winograd_tiles_at_a_time(in), threads = at::get_num_threads();
  if (threads == 1) return most;
  const int64_t blocks = (tiles + most - 1) / most, even = (blocks + threads - 1) / threads * threads;
  const int64_t share = (tiles + even - 1) / even, step = simd::kWinogradTileStep;
  return std::min(most, (share + step - 1) / step * step);
}

}  // namespace

bool winograd_pays(const net::Convolution& layer) {
  const at::Tensor& w = layer.weight;
  return layer.arithmetic == net::Arithmetic::float32 && layer.stride == 1 && layer.padding == 1 &&
         w.size(2) == 3 && w.size(3) == 3 && net::winograd_pays(w.size(1), w.size(0), layer.seldom) &&
         simd::fit_winograd(w.size(1), w.size(0));
}

at::Tensor winograd_weight(const net::Convolution& layer) {
  const at::Tensor weight = layer.weight.contiguous(kLast);
  const int64_t out = weight.size(0), in = weight.size(1), panel = simd::winograd_panel();
  at::Tensor packed = at::empty({simd::kWinogradFrequencies, in, out}, weight.options());
  const auto* from = weight.const_data_ptr<float>();
  auto* to = packed.mutable_data_ptr<float>();
  at::parallel_for(0, out / panel, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) simd::winograd_pack(from, in, i * panel, to);
  });
  return packed;
}

at::Tensor winograd_convolution(const at::Tensor& x, const net::Convolution& layer,
                                const WinogradSteps& steps) {
  const at::Tensor maps = x.contiguous(kLast);
  const at::Tensor residual = steps.residual.defined() ? steps.residual.contiguous(kLast) : at::Tensor();
  const int64_t views = x.size(0), in = x.size(1), height = x.size(2), width = x.size(3);
  const simd::WinogradLayer parameters = winograd_layer(layer);
  at::Tensor out = at::empty({views, parameters.out, height, width}, x.options(), kLast);
  const simd::WinogradMaps images{maps.const_data_ptr<float>(),
                                  out.mutable_data_ptr<float>(),
                                  height,
                                  width,
                                  steps.relu_before,
                                  steps.relu_after,
                                  residual.defined() ? residual.const_data_ptr<float>() : nullptr};
  const int64_t tiles = views * simd::winograd_tiles(height) * simd::winograd_tiles(width);
  const int64_t at_a_time = tiles_at_a_time(in, tiles);
  at::parallel_for(0, (tiles + at_a_time - 1) / at_a_time, 1, [&](int64_t begin, int64_t end) {
    const at::DataPtr scratch = c10::GetCPUAllocator()->allocate(simd::winograd_scratch(in) * sizeof(float));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i * at_a_time;
      simd::winograd(parameters, images, first, std::min(at_a_time, tiles - first),
                     static_cast<float*>(scratch.get()));
    }
  });
  return out;
}

at::Tensor winograd_of_upsampled(const simd::UpsampledMaps& maps, int64_t views,
                                 const net::Convolution& layer) {
  const simd::WinogradLayer parameters = winograd_layer(layer);
  at::Tensor out = at::empty({views, parameters.out, maps.height, maps.width}, layer.weight.options(), kLast);
  auto* to = out.mutable_data_ptr<float>();
  over_strips(maps, views, simd::winograd_upsampled_tiles(maps.channels),
              simd::winograd_upsampled_scratch(maps.channels),
              [&](int64_t tile_row, int64_t first, int64_t count, float* scratch) {
                simd::winograd_upsampled(maps, parameters, tile_row, first, count, to, scratch);
              });
  return out;
}

}  // namespace da3::cpu
