// SPDX-License-Identifier: Apache-2.0
#include "net/pyramid.hpp"

#include "net/operation_trace.hpp"

namespace da3::net {

namespace {

constexpr double kHeadNormEps = 1e-5;

/// [V, H, W, C] as [V, C, H, W] in channels-last memory, without a copy.
at::Tensor as_image(const at::Tensor& map) { return map.permute({0, 3, 1, 2}); }

/// Linear with k*k outputs per channel and pixel shuffle: [V, H, W, C] -> [V, kH, kW, C'].
at::Tensor upscale(const at::Tensor& map, const Linear& layer, int64_t k, const Kernels& kernels) {
  const int64_t views = map.size(0), height = map.size(1), width = map.size(2);
  const int64_t channels = layer.weight.size(0) / (k * k);
  return kernels.linear(map, layer)
      .view({views, height, width, k, k, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({views, height * k, width * k, channels});
}

}  // namespace

TokenPyramid::TokenPyramid(const WeightReader& weights)
    : upscale4_(weights.upscaling("resize_layers.0")),
      upscale2_(weights.upscaling("resize_layers.1")),
      downscale_(weights.convolution("resize_layers.3", 2, 1)) {
  if (weights.has("norm.weight")) norm_ = weights.norm("norm", kHeadNormEps);
  for (size_t i = 0; i < 4; ++i) {
    projects_[i] = weights.pointwise("projects." + std::to_string(i));
    adapters_[i] = weights.convolution("scratch.layer" + std::to_string(i + 1) + "_rn", 1, 1);
  }
}

at::Tensor TokenPyramid::resize(size_t level, const at::Tensor& map, const Kernels& kernels) const {
  switch (level) {
    case 0:
      return as_image(upscale(map, upscale4_, 4, kernels));
    case 1:
      return as_image(upscale(map, upscale2_, 2, kernels));
    case 2:
      return as_image(map);
    default:
      return kernels.convolution(as_image(map), downscale_);
  }
}

std::array<at::Tensor, 4> TokenPyramid::run(std::vector<at::Tensor> layers, const HeadGeometry& geometry,
                                            const std::array<GridEmbedding, 4>* embeddings,
                                            const Kernels& kernels) const {
  std::array<at::Tensor, 4> maps;
  for (size_t i = 0; i < 4; ++i) {
    const at::Tensor tokens =
        kernels.linear(norm_ ? kernels.layer_norm(layers[i], *norm_) : layers[i], projects_[i]);
    layers[i].reset();
    at::Tensor map = tokens.view({tokens.size(0), geometry.rows, geometry.columns, tokens.size(2)});
    if (embeddings) add_grid_(map, (*embeddings)[i]);
    maps[i] = kernels.convolution(resize(i, map, kernels), adapters_[i]);
  }
  return maps;
}

std::vector<at::Tensor> views_of(std::vector<at::Tensor>& layers, int64_t start, int64_t count) {
  std::vector<at::Tensor> part;
  for (const at::Tensor& layer : layers) part.push_back(layer.narrow(0, start, count));
  if (start + count == layers.front().size(0)) layers.clear();
  return part;
}

ResidualUnit::ResidualUnit(const WeightReader& weights)
    : conv1_(weights.convolution("conv1", 1, 1)), conv2_(weights.convolution("conv2", 1, 1)) {}

at::Tensor ResidualUnit::run(const at::Tensor& x, const Kernels& kernels) const {
  const at::Tensor hidden = kernels.convolution_of_relu(x, conv1_, Activation::relu);
  return kernels.convolution_add(hidden, conv2_, x);
}

FusionBlock::FusionBlock(const WeightReader& weights, bool has_lateral)
    : unit_(weights.below("resConfUnit2.")), out_(weights.convolution("out_conv", 1, 0)) {
  if (has_lateral) lateral_unit_.emplace(weights.below("resConfUnit1."));
}

at::Tensor FusionBlock::run(const at::Tensor& top, const at::Tensor* lateral, const Kernels& kernels) const {
  at::Tensor merged = top;
  if (lateral) {
    merged = lateral_unit_->run(*lateral, kernels);
    const TimedOperation timed("upsample_add", top.nbytes() + 2 * merged.nbytes());
    kernels.upsample_add_(merged, top);
  }
  return kernels.convolution(unit_.run(merged, kernels), out_);
}

FusionChain::FusionChain(const WeightReader& scratch, const std::string& suffix)
    : fuse4_(scratch.below("refinenet4" + suffix + "."), false),
      fuse3_(scratch.below("refinenet3" + suffix + "."), true),
      fuse2_(scratch.below("refinenet2" + suffix + "."), true),
      fuse1_(scratch.below("refinenet1" + suffix + "."), true) {}

at::Tensor FusionChain::run(const std::array<at::Tensor, 4>& levels, const Convolution& neck,
                            const Kernels& kernels) const {
  at::Tensor out = fuse4_.run(levels[3], nullptr, kernels);
  out = fuse3_.run(out, &levels[2], kernels);
  out = fuse2_.run(out, &levels[1], kernels);
  out = fuse1_.run(out, &levels[0], kernels);
  return kernels.convolution_of_upsampled(out, 2 * levels[0].size(2), 2 * levels[0].size(3), neck);
}

}  // namespace da3::net
