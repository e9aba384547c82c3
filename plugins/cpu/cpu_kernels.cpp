// SPDX-License-Identifier: Apache-2.0
#include "cpu/cpu_kernels.hpp"

#include "cpu/int8_kernels.hpp"
#include "cpu/simd/int8_rows.hpp"
#include "net/int8.hpp"

namespace da3::cpu {

void CpuKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) pack_int8_layer(layer);
}

at::Tensor CpuKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                  net::Activation activation) const {
  if (layer.arithmetic == net::Arithmetic::int8) return int8_linear(x, layer, activation);
  return net::Kernels::run_linear(x, layer, activation);
}

void ExactInt8Kernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) net::quantise_weights(layer);
}

at::Tensor ExactInt8Kernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                        net::Activation activation) const {
  if (layer.arithmetic != net::Arithmetic::int8) return CpuKernels::run_linear(x, layer, activation);
  const bool gelu = activation == net::Activation::gelu;
  at::Tensor y = net::int8_linear(x, layer, gelu ? net::Activation::none : activation, net::exact_product);
  if (gelu) simd::gelu_in_place(y.mutable_data_ptr<float>(), y.numel());
  return y;
}

}  // namespace da3::cpu
