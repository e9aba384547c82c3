// SPDX-License-Identifier: Apache-2.0
// Upsampling by simd/upsample.hpp, spread over the threads.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "cpu/cpu_kernels.hpp"
#include "cpu/upsampled_maps.hpp"

namespace da3::cpu {

namespace {

constexpr auto kLast = at::MemoryFormat::ChannelsLast;
constexpr int64_t kRowsAtATime = 4;

void run(const simd::UpsampledMaps& maps, int64_t views, bool add, float* to) {
  at::parallel_for(0, views * maps.height, kRowsAtATime,
                   [&](int64_t begin, int64_t end) { simd::upsample(maps, begin, end - begin, add, to); });
}

at::Tensor upsampled(const at::Tensor& x, int64_t height, int64_t width, const net::GridEmbedding* grid) {
  at::Tensor out = at::empty({x.size(0), x.size(1), height, width}, x.options(), kLast);
  run(upsampled_maps(x, height, width, grid), x.size(0), false, out.mutable_data_ptr<float>());
  return out;
}

}  // namespace

bool fits_upsample(const at::Tensor& x, const net::GridEmbedding* grid) {
  const int64_t step = simd::kUpsampleStep * (grid ? 2 : 1);
  const auto dense = [](const at::Tensor& g) { return g.scalar_type() == at::kFloat && g.is_contiguous(); };
  return x.scalar_type() == at::kFloat && x.size(1) % step == 0 && x.is_contiguous(kLast) &&
         (!grid || (dense(grid->columns) && dense(grid->rows)));
}

simd::UpsampledMaps upsampled_maps(const at::Tensor& x, int64_t height, int64_t width,
                                   const net::GridEmbedding* grid) {
  return {x.const_data_ptr<float>(),
          x.size(2),
          x.size(3),
          height,
          width,
          x.size(1),
          grid ? grid->columns.const_data_ptr<float>() : nullptr,
          grid ? grid->rows.const_data_ptr<float>() : nullptr};
}

at::Tensor CpuKernels::upsample(const at::Tensor& x, int64_t height, int64_t width) const {
  if (!fits_upsample(x, nullptr)) return net::Kernels::upsample(x, height, width);
  return upsampled(x, height, width, nullptr);
}

void CpuKernels::upsample_add_(at::Tensor& target, const at::Tensor& x) const {
  if (!fits_upsample(x, nullptr) || !fits_upsample(target, nullptr) || target.size(1) != x.size(1))
    return net::Kernels::upsample_add_(target, x);
  run(upsampled_maps(x, target.size(2), target.size(3), nullptr), x.size(0), true,
      target.mutable_data_ptr<float>());
}

at::Tensor CpuKernels::upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                                     const net::GridEmbedding& grid) const {
  if (!fits_upsample(x, &grid)) return net::Kernels::upsample_grid(x, height, width, grid);
  return upsampled(x, height, width, &grid);
}

}  // namespace da3::cpu
