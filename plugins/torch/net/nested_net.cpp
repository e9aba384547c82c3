// SPDX-License-Identifier: Apache-2.0
#include "net/nested_net.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <da3/error.hpp>

#include <algorithm>
#include <string>

#include "net/sky.hpp"

namespace da3::net {

namespace {

constexpr double kFocalOfMetres =
    300.0;  ///< the metric network's depth is metres at this focal length in pixels
constexpr double kFarthestSky = 200.0;  ///< metres
constexpr double kLeastDepth = 1e-3, kLeastMetricDepth = 1e-2;
constexpr double kFarQuantile = 0.99;
constexpr int64_t kFewPixels = 10;

/// Depth of the metric network in metres: [S, H, W], from K [S, 3, 3].
at::Tensor in_metres(const at::Tensor& depth, const at::Tensor& intrinsics) {
  const at::Tensor focal =
      (intrinsics.select(-2, 0).select(-1, 0) + intrinsics.select(-2, 1).select(-1, 1)) / 2.0;
  return depth * (focal / kFocalOfMetres).unsqueeze(-1).unsqueeze(-1);
}

/// Metres need both branches, whichever of their outputs was asked for; rays and features do not.
bool scaled(const NetRequest& request) {
  return request.depth || request.cameras || request.sky || request.scale_factor;
}

NetRequest any_view_request(NetRequest request) {
  request.depth = request.cameras = scaled(request);
  return request;
}

NetRequest metric_request(NetRequest request) {
  request.depth = request.sky = true;
  request.features.clear();
  return request;
}

/// The s of s * depth = metres by least squares, over confident pixels that are not sky.
at::Tensor least_squares_scale(const at::Tensor& depth, const at::Tensor& metres,
                               const at::Tensor& confidence, const at::Tensor& ground) {
  const at::Tensor median = quantile(confidence.masked_select(ground), 0.5);
  const at::Tensor use = confidence.ge(median)
                             .logical_and(ground)
                             .logical_and(metres.gt(kLeastMetricDepth))
                             .logical_and(depth.gt(kLeastDepth));
  const at::Tensor a = metres.masked_select(use), b = depth.masked_select(use);
  return at::dot(a, b) / at::dot(b, b).clamp_min(1e-12);
}

}  // namespace

NestedNet::NestedNet(const WeightSource& source, const checkpoint::NetConfig& any_view,
                     const checkpoint::NetConfig& metric)
    : any_view_(source, any_view), metric_(source, metric) {}

uint64_t NestedNet::forget_geometries() const {
  return any_view_.forget_geometries() + metric_.forget_geometries();
}

Computed NestedNet::compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                            const RunControl& control) const {
  Computed computed = any_view_.compute(inputs, any_view_request(request), kernels, control);
  if (!scaled(request)) return computed;
  Computed metric = metric_.compute({inputs.image, {}, {}}, metric_request(request), kernels, control);
  computed.metric = std::move(metric.out);
  computed.tables.insert(computed.tables.end(), metric.tables.begin(), metric.tables.end());
  return computed;
}

NetOutputs NestedNet::finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                             const RunControl& control) const {
  NetOutputs metric = std::move(computed.metric);
  NetOutputs out = any_view_.finish(std::move(computed), inputs, any_view_request(request), control);
  if (!scaled(request)) return out;
  const NetOutputs branch =
      metric_.finish({std::move(metric), {}, {}}, inputs, metric_request(request), control);
  control.begin_stage("scale");
  out.sky = branch.sky;
  out.sum = out.sum + branch.sum;
  out.scale_factor = at::empty({out.depth.size(0)}, out.depth.options());
  for (int64_t b = 0; b < out.depth.size(0); ++b) {
    at::Tensor depth = out.depth[b], confidence = out.confidence[b];
    const at::Tensor ground = ground_mask(branch.sky[b]);
    if (ground.sum().item<int64_t>() <= kFewPixels)
      throw Error(DA3_E_NUMERIC,
                  "scene " + std::to_string(b) +
                      " has no scale: nearly all of it is sky; use pictures that show something else");
    const at::Tensor scale =
        least_squares_scale(depth, in_metres(branch.depth[b], out.cameras.intrinsics[b]), confidence, ground);
    depth.mul_(scale);
    out.cameras.extrinsics[b].select(-1, 3).mul_(scale);
    out.scale_factor[b].copy_(scale);
    const at::Tensor farthest = quantile(depth.masked_select(ground), kFarQuantile).clamp_max(kFarthestSky);
    depth.masked_fill_(ground.logical_not(), farthest);
    confidence.masked_fill_(ground.logical_not(), 1.0);
  }
  return out;
}

}  // namespace da3::net
