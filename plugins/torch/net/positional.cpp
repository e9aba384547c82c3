// SPDX-License-Identifier: Apache-2.0
#include "net/positional.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <array>
#include <cmath>

namespace da3::net {

namespace {

// DINOv2 resamples by a factor with this offset, not to a size: the factor is what the kernel samples with.
constexpr double kResampleOffset = 0.1;
constexpr double kGridScale = 0.1;
constexpr double kGridBaseFrequency = 100.0;

/// [n] positions -> [n, channels]: sines, then cosines.
at::Tensor sine_cosine(const at::Tensor& positions, int64_t channels) {
  at::Tensor omega = at::arange(channels / 2, at::kFloat).div_(static_cast<double>(channels) / 2.0);
  omega = at::pow(kGridBaseFrequency, omega).reciprocal();
  const at::Tensor angle = positions.unsqueeze(1).mul(omega);
  return at::cat({angle.sin(), angle.cos()}, 1).mul_(kGridScale);
}

}  // namespace

at::Tensor resample_position_embedding(const at::Tensor& stored, int64_t rows, int64_t columns) {
  const int64_t patches = stored.size(1) - 1, channels = stored.size(2);
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(patches))));
  if (rows == side && columns == side) return stored[0];
  const at::Tensor grid =
      stored.narrow(1, 1, patches).reshape({1, side, side, channels}).permute({0, 3, 1, 2});
  const std::array<double, 2> factors{
      (static_cast<double>(rows) + kResampleOffset) / static_cast<double>(side),
      (static_cast<double>(columns) + kResampleOffset) / static_cast<double>(side)};
  const at::Tensor resampled =
      at::upsample_bicubic2d(grid, std::nullopt, /*align_corners=*/false, at::ArrayRef<double>(factors));
  TORCH_CHECK(resampled.size(2) == rows && resampled.size(3) == columns, "positional embedding: wrong size");
  return at::cat(
      {stored[0].narrow(0, 0, 1), resampled.permute({0, 2, 3, 1}).reshape({rows * columns, channels})}, 0);
}

GridEmbedding grid_embedding(int64_t height, int64_t width, int64_t channels, double aspect,
                             at::Device device) {
  const double diagonal = std::sqrt(aspect * aspect + 1.0);
  const double right = aspect / diagonal * static_cast<double>(width - 1) / static_cast<double>(width);
  const double bottom = 1.0 / diagonal * static_cast<double>(height - 1) / static_cast<double>(height);
  const at::Tensor x = at::linspace(-right, right, width, at::kFloat);
  const at::Tensor y = at::linspace(-bottom, bottom, height, at::kFloat);
  return {sine_cosine(x, channels / 2).view({1, 1, width, channels / 2}).to(device),
          sine_cosine(y, channels / 2).view({1, height, 1, channels / 2}).to(device)};
}

void add_grid_(at::Tensor& x, const GridEmbedding& embedding) {
  const int64_t half = x.size(-1) / 2;
  x.narrow(-1, 0, half).add_(embedding.columns);
  x.narrow(-1, half, half).add_(embedding.rows);
}

}  // namespace da3::net
