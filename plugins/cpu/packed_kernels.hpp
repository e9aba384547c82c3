// SPDX-License-Identifier: Apache-2.0
// Kernels of the modes balanced and max, and of `enable_compile: true`: weights are packed once, in the
// layout that oneDNN's kernels read, and bias, activation and residual are done in the same pass as the
// matrix product or convolution. 3x3 convolutions in float32 are Winograd's, of our own (simd/), where they
// pay.
#pragma once

#include "cpu/cpu_kernels.hpp"

namespace da3::cpu {

class PackedKernels : public CpuKernels {
 public:
  explicit PackedKernels(bool winograd) : winograd_(winograd) {}

  /// Replaces the weight, unless it is int8, by oneDNN's opaque layout or Winograd's transform, which
  /// LibTorch's own operators do not read.
  void prepare(net::Linear& layer) const override;
  void prepare(net::Convolution& layer) const override;

  at::Tensor convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                      const net::Convolution& layer) const override;
  std::vector<at::Tensor> full_size_logits(const at::Tensor& x, int64_t height, int64_t width,
                                           const net::GridEmbedding* grid,
                                           const std::vector<net::FullSizeBranch>& branches) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override;
  at::Tensor run_convolution_add(const at::Tensor& x, const net::Convolution& layer,
                                 const at::Tensor& residual) const override;
  at::Tensor run_convolution_of_relu(const at::Tensor& x, const net::Convolution& layer,
                                     net::Activation activation) const override;

 private:
  bool winograd_;
};

}  // namespace da3::cpu
