// SPDX-License-Identifier: Apache-2.0
// DPT head of the single-view networks: depth and how likely a pixel is sky.
#pragma once

#include <vector>

#include "net/pyramid.hpp"
#include "net/run_control.hpp"

namespace da3::net {

class Dpt {
 public:
  explicit Dpt(const WeightReader& weights);

  struct Outputs {
    at::Tensor depth;  ///< [V, H, W]
    at::Tensor sky;    ///< [V, H, W], 0 and above; 0.3 and above counts as sky
  };
  /// layers: four of [V, P, dim_in], float32. chunk_views: views at a time (memory, not arithmetic).
  Outputs run(std::vector<at::Tensor> layers, const HeadGeometry& geometry, int64_t chunk_views,
              const Kernels& kernels, const RunControl& control) const;

 private:
  struct Branch {
    Convolution hidden;
    Linear out;
  };

  TokenPyramid pyramid_;
  FusionChain chain_;
  Convolution neck_;
  Branch depth_, sky_;
};

}  // namespace da3::net
