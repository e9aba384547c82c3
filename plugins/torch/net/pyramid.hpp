// SPDX-License-Identifier: Apache-2.0
// Parts of the DPT head (Vision Transformers for Dense Prediction, https://arxiv.org/abs/2103.13413), kept
// channels-last so that no transpose is left between tokens and pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "net/kernels.hpp"
#include "net/positional.hpp"

namespace da3::net {

/// Image size in patches and pixels.
struct HeadGeometry {
  int64_t rows = 0, columns = 0;  ///< patches
  int64_t height = 0, width = 0;  ///< pixels
  double aspect() const { return static_cast<double>(width) / static_cast<double>(height); }
};

/// Tokens of four layers -> four feature maps at 4, 2, 1 and 1/2 times the patch grid, all `features` wide.
class TokenPyramid {
 public:
  explicit TokenPyramid(const WeightReader& weights);

  /// layers: four of [V, P, dim_in]; each is freed when it was read, unless somebody else holds it.
  /// embeddings: one per level (at the patch grid, out_channels wide), or NULL.
  /// -> four [V, F, h, w].
  std::array<at::Tensor, 4> run(std::vector<at::Tensor> layers, const HeadGeometry& geometry,
                                const std::array<GridEmbedding, 4>* embeddings, const Kernels& kernels) const;

 private:
  at::Tensor resize(size_t level, const at::Tensor& map, const Kernels& kernels) const;

  std::optional<Norm> norm_;  ///< DualDPT only
  std::array<Linear, 4> projects_;
  Linear upscale4_, upscale2_;
  Convolution downscale_;
  std::array<Convolution, 4> adapters_;
};

/// The views [start, start + count) of each layer. Those of the last views take the layers' place, so that
/// who reads them can free them.
std::vector<at::Tensor> views_of(std::vector<at::Tensor>& layers, int64_t start, int64_t count);

/// Two 3x3 convolutions with a skip.
class ResidualUnit {
 public:
  explicit ResidualUnit(const WeightReader& weights);
  at::Tensor run(const at::Tensor& x, const Kernels& kernels) const;

 private:
  Convolution conv1_, conv2_;
};

/// Merges a coarser map, upsampled, into a finer one. The 1x1 convolution at the end commutes with the
/// upsampling that follows and runs before it, on a quarter of the pixels.
class FusionBlock {
 public:
  FusionBlock(const WeightReader& weights, bool has_lateral);
  /// Of the size of lateral, or of top where there is none.
  at::Tensor run(const at::Tensor& top, const at::Tensor* lateral, const Kernels& kernels) const;

 private:
  std::optional<ResidualUnit> lateral_unit_;
  ResidualUnit unit_;
  Convolution out_;
};

/// The four fusion blocks of one branch, coarse to fine, and the convolution that reads their result at twice
/// its size: -> [V, layer's out, 8 rows, 8 columns].
class FusionChain {
 public:
  /// suffix: "" or "_aux".
  FusionChain(const WeightReader& scratch, const std::string& suffix);
  at::Tensor run(const std::array<at::Tensor, 4>& levels, const Convolution& neck,
                 const Kernels& kernels) const;

 private:
  FusionBlock fuse4_, fuse3_, fuse2_, fuse1_;
};

}  // namespace da3::net
