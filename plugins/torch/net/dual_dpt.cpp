// SPDX-License-Identifier: Apache-2.0
#include "net/dual_dpt.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>

#include <algorithm>

namespace da3::net {

namespace {

constexpr double kRayNormEps = 1e-5;
constexpr int64_t kRayNeckConvolutions = 5, kRayChannels = 6;

at::Tensor as_map(const at::Tensor& image) {
  return image.permute({0, 2, 3, 1});
}  // channels last, as a tensor
at::Tensor as_image(const at::Tensor& map) { return map.permute({0, 3, 1, 2}); }

}  // namespace

DualDpt::DualDpt(const WeightReader& weights, const checkpoint::HeadConfig& config)
    : config_(config),
      pyramid_(weights),
      depth_chain_(weights.below("scratch."), ""),
      depth_neck_(weights.convolution("scratch.output_conv1", 1, 1)),
      depth_hidden_(weights.convolution("scratch.output_conv2.0", 1, 1)),
      depth_out_(weights.as(Role::head_output).pointwise("scratch.output_conv2.2")),
      rays_(weights, read_rays),
      device_(depth_out_.weight.device()) {}

DualDpt::RayBranch DualDpt::read_rays(const WeightReader& weights) {
  const WeightReader scratch = weights.below("scratch.").as(Role::ray_branch);
  RayBranch rays{FusionChain(scratch, "_aux"),
                 {},
                 scratch.convolution("output_conv2_aux.3.0", 1, 1),
                 // The four levels share one LayerNorm; a published file holds it under the first.
                 scratch.norm("output_conv2_aux.0.2", kRayNormEps),
                 scratch.as(Role::head_output).pointwise("output_conv2_aux.3.5")};
  for (int64_t i = 0; i < kRayNeckConvolutions; ++i)
    rays.neck.push_back(scratch.convolution("output_conv1_aux.3." + std::to_string(i), 1, 1));
  return rays;
}

DualDpt::Embeddings DualDpt::embeddings(const HeadGeometry& geometry) const {
  Embeddings result;
  for (size_t i = 0; i < 4; ++i)
    result.levels[i] =
        grid_embedding(geometry.rows, geometry.columns, config_.out_channels[i], geometry.aspect(), device_);
  result.depth =
      grid_embedding(geometry.height, geometry.width, config_.features / 2, geometry.aspect(), device_);
  result.ray = grid_embedding(8 * geometry.rows, 8 * geometry.columns, config_.features / 2,
                              geometry.aspect(), device_);
  return result;
}

DenseOutputs DualDpt::run(std::vector<at::Tensor> layers, const HeadGeometry& geometry,
                          const Embeddings& embeddings, const Request& request, const Kernels& kernels,
                          const RunControl& control) const {
  const int64_t views = layers[0].size(0);
  const auto options = layers[0].options();
  const int64_t ray_rows = 8 * geometry.rows, ray_columns = 8 * geometry.columns;
  DenseOutputs out;
  if (request.depth) {
    out.depth = at::empty({views, geometry.height, geometry.width}, options);
    out.confidence = at::empty({views, geometry.height, geometry.width}, options);
  }
  if (request.rays) {
    out.ray = at::empty({views, ray_rows, ray_columns, kRayChannels}, options);
    out.ray_confidence = at::empty({views, ray_rows, ray_columns}, options);
  }
  const int64_t chunk = std::max<int64_t>(1, request.chunk_views);
  control.begin_stage("head");
  for (int64_t start = 0; start < views; start += chunk) {
    control.at_step("head", start, views);
    const int64_t count = std::min(chunk, views - start);
    const auto levels = [&] {
      const auto timed = control.layer("pyramid");
      return pyramid_.run(views_of(layers, start, count), geometry, &embeddings.levels, kernels);
    }();
    for (size_t i = 0; i < levels.size(); ++i) control.see("head.level." + std::to_string(i), levels[i]);
    if (request.depth) {
      const auto timed = control.layer("depth_branch");
      run_depth(levels, geometry, embeddings, kernels, out.depth.narrow(0, start, count),
                out.confidence.narrow(0, start, count));
    }
    if (request.rays) {
      const auto timed = control.layer("ray_branch");
      run_rays(levels, embeddings, kernels, out.ray.narrow(0, start, count),
               out.ray_confidence.narrow(0, start, count));
    }
  }
  control.at_step("head", views, views);
  return out;
}

void DualDpt::run_depth(const std::array<at::Tensor, 4>& levels, const HeadGeometry& geometry,
                        const Embeddings& embeddings, const Kernels& kernels, at::Tensor depth,
                        at::Tensor confidence) const {
  const at::Tensor fused = depth_chain_.run(levels, depth_neck_, kernels);
  const at::Tensor logits =
      kernels.full_size_logits(fused, geometry.height, geometry.width, &embeddings.depth,
                               {{depth_hidden_, depth_out_}})[0];  // [V, H, W, 2]
  at::exp_out(depth, logits.select(-1, 0));
  at::exp_out(confidence, logits.select(-1, 1));
  confidence.add_(1.0);
}

void DualDpt::run_rays(const std::array<at::Tensor, 4>& levels, const Embeddings& embeddings,
                       const Kernels& kernels, at::Tensor ray, at::Tensor confidence) const {
  const RayBranch& rays = rays_.get();
  at::Tensor fused = rays.chain.run(levels, rays.neck.front(), kernels);
  for (size_t i = 1; i < rays.neck.size(); ++i) fused = kernels.convolution(fused, rays.neck[i]);
  at::Tensor map = as_map(fused);
  add_grid_(map, embeddings.ray);
  at::Tensor hidden = kernels.layer_norm(as_map(kernels.convolution(as_image(map), rays.hidden)), rays.norm);
  hidden.relu_();
  const at::Tensor logits = kernels.linear(hidden, rays.out);  // [V, h, w, 7]
  ray.copy_(logits.narrow(-1, 0, kRayChannels));
  at::exp_out(confidence, logits.select(-1, kRayChannels));
  confidence.add_(1.0);
}

}  // namespace da3::net
