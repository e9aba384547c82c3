// SPDX-License-Identifier: Apache-2.0
// GSDPT: the head of da3-giant that predicts a gaussian for every pixel, in the camera's frame and not yet
// activated. A DPT head that also sees the image itself, which the patch tokens have lost the detail of.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "net/pyramid.hpp"
#include "net/run_control.hpp"

namespace da3::net {

class GsDpt {
 public:
  GsDpt(const WeightReader& weights, const checkpoint::HeadConfig& config);

  /// Grid embeddings of one image size, worth keeping between runs.
  struct Embeddings {
    std::array<GridEmbedding, 4> levels;
    GridEmbedding full;
  };
  Embeddings embeddings(const HeadGeometry& geometry) const;

  /// Sees the values of one view: [H, W, output_dim].
  using Consume = std::function<void(int64_t view, const at::Tensor& raw)>;

  /// layers: four of [V, P, dim_in], float32. image: uint8 [V, H, W, 3]. Views come one after the other, so
  /// that the raw values of a scene never lie in memory together. chunk_views: views at a time (memory).
  void run(std::vector<at::Tensor> layers, const at::Tensor& image, const HeadGeometry& geometry,
           const Embeddings& embeddings, int64_t chunk_views, const Kernels& kernels,
           const RunControl& control, const Consume& consume) const;

 private:
  at::Tensor image_features(const at::Tensor& image, const Kernels& kernels) const;

  checkpoint::HeadConfig config_;
  TokenPyramid pyramid_;
  FusionChain chain_;
  Convolution neck_;
  std::array<Convolution, 3> merger_;
  Convolution hidden_;
  Linear out_;
  at::Tensor mean_, deviation_;  ///< ImageNet, in grey levels of 0 to 255
};

}  // namespace da3::net
