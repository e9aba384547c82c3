// SPDX-License-Identifier: Apache-2.0
// Kernels of the modes balanced and max, and of `enable_compile: true`: weights are packed once, in the
// layout that oneDNN's kernels read, and bias, activation and residual are done in the same pass as the
// matrix product or convolution.
#pragma once

#include "cpu/cpu_kernels.hpp"

namespace da3::cpu {

class PackedKernels : public CpuKernels {
 public:
  /// Replaces the weight, unless it is int8, by oneDNN's opaque layout, which LibTorch's own operators no
  /// longer read.
  void prepare(net::Linear& layer) const override;
  void prepare(net::Convolution& layer) const override;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation activation) const override;
  at::Tensor run_convolution_add(const at::Tensor& x, const net::Convolution& layer,
                                 const at::Tensor& residual) const override;
};

}  // namespace da3::cpu
