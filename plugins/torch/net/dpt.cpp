// SPDX-License-Identifier: Apache-2.0
#include "net/dpt.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/relu.h>

#include <algorithm>

namespace da3::net {

Dpt::Dpt(const WeightReader& weights)
    : pyramid_(weights),
      chain_(weights.below("scratch."), ""),
      neck_(weights.convolution("scratch.output_conv1", 1, 1)),
      depth_{weights.convolution("scratch.output_conv2.0", 1, 1),
             weights.as(Role::head_output).pointwise("scratch.output_conv2.2")},
      sky_{weights.convolution("scratch.sky_output_conv2.0", 1, 1),
           weights.as(Role::head_output).pointwise("scratch.sky_output_conv2.2")} {}

Dpt::Outputs Dpt::run(std::vector<at::Tensor> layers, const HeadGeometry& geometry, int64_t chunk_views,
                      const Kernels& kernels, const RunControl& control) const {
  const int64_t views = layers[0].size(0), chunk = std::max<int64_t>(1, chunk_views);
  const at::Tensor depth = at::empty({views, geometry.height, geometry.width}, layers[0].options());
  const at::Tensor sky = at::empty_like(depth);
  control.begin_stage("head");
  for (int64_t start = 0; start < views; start += chunk) {
    control.at_step("head", start, views);
    const int64_t count = std::min(chunk, views - start);
    const auto levels = [&] {
      const auto timed = control.layer("pyramid");
      return pyramid_.run(views_of(layers, start, count), geometry, nullptr, kernels);
    }();
    for (size_t i = 0; i < levels.size(); ++i) control.see("head.level." + std::to_string(i), levels[i]);
    const auto timed = control.layer("depth_branch");
    const auto logits =
        kernels.full_size_logits(chain_.run(levels, neck_, kernels), geometry.height, geometry.width, nullptr,
                                 {{depth_.hidden, depth_.out}, {sky_.hidden, sky_.out}});
    depth.narrow(0, start, count).copy_(logits[0].select(-1, 0).exp());
    sky.narrow(0, start, count).copy_(at::relu(logits[1].select(-1, 0)));
  }
  control.at_step("head", views, views);
  return {depth, sky};
}

}  // namespace da3::net
