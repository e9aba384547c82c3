// SPDX-License-Identifier: Apache-2.0
#include "cpu/cpu_kernels.hpp"

#include "cpu/int8_kernels.hpp"
#include "cpu/simd/int8_rows.hpp"
#include "net/int8.hpp"
#include "net/operation_hook.hpp"
#include "net/operation_trace.hpp"

namespace da3::cpu {

void CpuKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) pack_int8_layer(layer);
}

at::Tensor CpuKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                  net::Activation activation) const {
  if (layer.arithmetic == net::Arithmetic::int8) return cpu::int8_linear(x, layer, activation);
  return net::Kernels::run_linear(x, layer, activation);
}

void CpuKernels::feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                                  const net::Linear& contract) const {
  if (expand.arithmetic != net::Arithmetic::int8 || contract.scale.defined() || !x.is_contiguous())
    return net::Kernels::feed_forward_add(x, normed, expand, contract);
  net::OperationHook::call();
  net::TimedOperation timed;
  if (timed.listening()) {
    const auto weights = 2 * static_cast<uint64_t>(x.size(-1) * expand.steps.size(0));
    const auto rows = static_cast<uint64_t>(x.numel() / x.size(-1));
    timed.was(net::kLinearKinds.int8, {normed.nbytes() + 2 * x.nbytes() + weights, 2 * rows * weights});
  }
  int8_feed_forward_add(x, net::in_float32(normed), expand, contract);
}

void ExactInt8Kernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) net::quantise_weights(layer);
}

at::Tensor ExactInt8Kernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                        net::Activation activation) const {
  if (layer.arithmetic != net::Arithmetic::int8) return CpuKernels::run_linear(x, layer, activation);
  const bool gelu = activation == net::Activation::gelu;
  at::Tensor y = net::int8_linear(x, layer, gelu ? net::Activation::none : activation);
  if (gelu) simd::gelu_in_place(y.mutable_data_ptr<float>(), y.numel());
  return y;
}

void ExactInt8Kernels::feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                                        const net::Linear& contract) const {
  net::Kernels::feed_forward_add(x, normed, expand, contract);
}

}  // namespace da3::cpu
