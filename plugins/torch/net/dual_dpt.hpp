// SPDX-License-Identifier: Apache-2.0
// DualDPT: depth with confidence from one branch, rays with confidence from a second one that runs only when
// asked for (it is half of the head's work). Depth Anything 3, https://arxiv.org/abs/2511.10647.
#pragma once

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "net/on_demand.hpp"
#include "net/pyramid.hpp"
#include "net/run_control.hpp"

namespace da3::net {

/// What a head computes; undefined where it was not asked for.
struct DenseOutputs {
  at::Tensor depth, confidence;  ///< [V, H, W]
  at::Tensor ray;                ///< [V, 8 rows, 8 columns, 6]
  at::Tensor ray_confidence;     ///< [V, 8 rows, 8 columns]
};

class DualDpt {
 public:
  DualDpt(const WeightReader& weights, const checkpoint::HeadConfig& config);

  struct Request {
    bool depth = true, rays = false;
    int64_t chunk_views = 8;  ///< views at a time: memory, not arithmetic
  };
  /// Grid embeddings of one image size, worth keeping between runs.
  struct Embeddings {
    std::array<GridEmbedding, 4> levels;
    GridEmbedding depth, ray;
  };
  Embeddings embeddings(const HeadGeometry& geometry) const;

  /// layers: four of [V, P, dim_in], float32.
  DenseOutputs run(std::vector<at::Tensor> layers, const HeadGeometry& geometry, const Embeddings& embeddings,
                   const Request& request, const Kernels& kernels, const RunControl& control) const;
  bool has_rays() const { return rays_.there(); }

 private:
  struct RayBranch {
    FusionChain chain;
    std::vector<Convolution> neck;
    Convolution hidden;
    Norm norm;
    Linear out;
  };
  static RayBranch read_rays(const WeightReader& weights);
  void run_depth(const std::array<at::Tensor, 4>& levels, const HeadGeometry& geometry,
                 const Embeddings& embeddings, const Kernels& kernels, at::Tensor depth,
                 at::Tensor confidence) const;
  void run_rays(const std::array<at::Tensor, 4>& levels, const Embeddings& embeddings, const Kernels& kernels,
                at::Tensor ray, at::Tensor confidence) const;

  checkpoint::HeadConfig config_;
  TokenPyramid pyramid_;
  FusionChain depth_chain_;
  Convolution depth_neck_, depth_hidden_;
  Linear depth_out_;
  OnDemand<RayBranch> rays_;
  at::Device device_;
};

}  // namespace da3::net
