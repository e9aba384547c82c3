// SPDX-License-Identifier: Apache-2.0
// ATen's kernels, and linears in 8-bit integers by the CPU's own instructions (VNNI, AMX).
#pragma once

#include "net/kernels.hpp"

namespace da3::cpu {

class CpuKernels : public net::Kernels {
 public:
  /// Quantises the weights of an int8 layer. Throws Error(DA3_E_UNSUPPORTED) where this CPU's integer
  /// products are not exact.
  void prepare(net::Linear& layer) const override;
  using net::Kernels::prepare;

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer,
                        net::Activation activation) const override;
};

}  // namespace da3::cpu
