// SPDX-License-Identifier: Apache-2.0
// Layer norms by simd/layer_norm.hpp, spread over the threads.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "cpu/cpu_kernels.hpp"
#include "cpu/simd/layer_norm.hpp"

namespace da3::cpu {

namespace {

constexpr int64_t kRowsAtATime = 16;

bool fits(const at::Tensor& x, const net::Norm& norm) {
  return x.scalar_type() == at::kFloat && x.is_contiguous() && norm.weight.defined() && norm.bias.defined() &&
         norm.weight.scalar_type() == at::kFloat;
}

simd::NormParameters parameters(const net::Norm& norm) {
  return {norm.weight.const_data_ptr<float>(), norm.bias.const_data_ptr<float>(),
          static_cast<float>(norm.eps)};
}

}  // namespace

at::Tensor CpuKernels::run_layer_norm(const at::Tensor& x, const net::Norm& norm) const {
  if (!fits(x, norm)) return net::Kernels::run_layer_norm(x, norm);
  const int64_t channels = x.size(-1);
  at::Tensor out = at::empty(x.sizes(), x.options());
  const auto* from = x.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel() / channels, kRowsAtATime, [&](int64_t begin, int64_t end) {
    const int64_t offset = begin * channels;
    simd::layer_norm(from + offset, channels, end - begin, channels, parameters(norm), to + offset);
  });
  return out;
}

at::Tensor CpuKernels::add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                      const net::Norm& norm, net::Arithmetic next) const {
  if (scale.defined() || delta.scalar_type() != at::kFloat || !delta.is_contiguous() || !fits(x, norm))
    return net::Kernels::add_layer_norm(x, delta, scale, norm, next);
  const int64_t channels = x.size(-1);
  at::Tensor out = at::empty(x.sizes(), x.options());
  auto *sum = x.mutable_data_ptr<float>(), *to = out.mutable_data_ptr<float>();
  const auto* from = delta.const_data_ptr<float>();
  at::parallel_for(0, x.numel() / channels, kRowsAtATime, [&](int64_t begin, int64_t end) {
    const int64_t offset = begin * channels;
    simd::add_layer_norm(sum + offset, from + offset, end - begin, channels, parameters(norm), to + offset);
  });
  return out;
}

}  // namespace da3::cpu
