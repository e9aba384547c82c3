// SPDX-License-Identifier: Apache-2.0
#include "net/gs_dpt.hpp"

#include <ATen/ops/tensor.h>

#include <algorithm>

#include "net/imagenet.hpp"

namespace da3::net {

namespace {

at::Tensor as_map(const at::Tensor& image) { return image.permute({0, 2, 3, 1}); }
at::Tensor as_image(const at::Tensor& map) { return map.permute({0, 3, 1, 2}); }

}  // namespace

GsDpt::GsDpt(const WeightReader& weights, const checkpoint::HeadConfig& config)
    : config_(config),
      pyramid_(weights),
      chain_(weights.below("scratch."), ""),
      neck_(weights.convolution("scratch.output_conv1", 1, 1)),
      merger_{weights.convolution("images_merger.0", 1, 1), weights.convolution("images_merger.2", 1, 1),
              weights.convolution("images_merger.4", 1, 1)},
      hidden_(weights.convolution("scratch.output_conv2.0", 1, 1)),
      out_(weights.as(Role::head_output).pointwise("scratch.output_conv2.2")),
      mean_(weights.place(imagenet_mean(at::kFloat).mul_(255.0))),
      deviation_(weights.place(imagenet_deviation(at::kFloat).mul_(255.0))) {}

GsDpt::Embeddings GsDpt::embeddings(const HeadGeometry& geometry) const {
  Embeddings result;
  for (size_t i = 0; i < 4; ++i)
    result.levels[i] = grid_embedding(geometry.rows, geometry.columns, config_.out_channels[i],
                                      geometry.aspect(), mean_.device());
  result.full = grid_embedding(geometry.height, geometry.width, config_.features / 2, geometry.aspect(),
                               mean_.device());
  return result;
}

at::Tensor GsDpt::image_features(const at::Tensor& image, const Kernels& kernels) const {
  // The convolutions pad with zeros, which are the mean colour: so the pixels must be normalised themselves.
  at::Tensor features = as_image(image.to(at::kFloat).sub_(mean_).div_(deviation_));
  for (const Convolution& layer : merger_) features = kernels.convolution(features, layer, Activation::gelu);
  return features;
}

void GsDpt::run(std::vector<at::Tensor> layers, const at::Tensor& image, const HeadGeometry& geometry,
                const Embeddings& embeddings, int64_t chunk_views, const Kernels& kernels,
                const RunControl& control, const Consume& consume) const {
  const int64_t views = image.size(0), chunk = std::max<int64_t>(1, chunk_views);
  control.begin_stage("gaussians");
  for (int64_t start = 0; start < views; start += chunk) {
    control.at_step("gaussians", start, views);
    const int64_t count = std::min(chunk, views - start);
    const auto levels = pyramid_.run(views_of(layers, start, count), geometry, &embeddings.levels, kernels);
    at::Tensor fused = kernels.upsample_grid(chain_.run(levels, neck_, kernels), geometry.height,
                                             geometry.width, embeddings.full);
    fused.add_(image_features(image.narrow(0, start, count), kernels));
    const at::Tensor hidden = kernels.convolution(fused, hidden_, Activation::relu);
    const at::Tensor raw = kernels.linear(as_map(hidden), out_);
    control.see("gaussians", raw);
    for (int64_t i = 0; i < count; ++i) consume(start + i, raw[i]);
  }
  control.at_step("gaussians", views, views);
}

}  // namespace da3::net
