// SPDX-License-Identifier: Apache-2.0
// The layer as Winograd's kernels of simd/ read it; and strips of tiles of an upsampled map, spread over the
// threads.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>

#include "cpu/simd/upsample.hpp"
#include "cpu/simd/winograd.hpp"
#include "net/layers.hpp"

namespace da3::cpu {

/// layer.weight: [36, in, out], transformed. Good as long as the layer.
inline simd::WinogradLayer winograd_layer(const net::Convolution& layer) {
  return {layer.weight.size(1), layer.weight.size(2), layer.weight.const_data_ptr<float>(),
          layer.bias.defined() ? layer.bias.const_data_ptr<float>() : nullptr};
}

/// body(tile_row, first, count, scratch) for all tiles of `views` maps: count is `most` at most, which is
/// a multiple of kWinogradTileStep, and a row is shared out as evenly as such steps allow. scratch: so many
/// floats for each thread.
template <class Body>
void over_strips(const simd::UpsampledMaps& maps, int64_t views, int64_t most, size_t floats,
                 const Body& body) {
  const int64_t columns = simd::winograd_tiles(maps.width), rows = views * simd::winograd_tiles(maps.height);
  const int64_t strips = (columns + most - 1) / most, step = simd::kWinogradTileStep;
  const int64_t share = ((columns + strips - 1) / strips + step - 1) / step * step;
  at::parallel_for(0, rows * strips, 1, [&](int64_t begin, int64_t end) {
    const at::DataPtr scratch = c10::GetCPUAllocator()->allocate(floats * sizeof(float));
    for (int64_t i = begin; i < end; ++i)
      if (const int64_t first = i % strips * share; first < columns)
        body(i / strips, first, std::min(share, columns - first), static_cast<float*>(scratch.get()));
  });
}

}  // namespace da3::cpu
