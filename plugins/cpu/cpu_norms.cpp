// SPDX-License-Identifier: Apache-2.0
// Layer norms by simd/layer_norm.hpp, spread over the threads.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "cpu/cpu_kernels.hpp"
#include "cpu/simd/layer_norm.hpp"
#include "net/operation_hook.hpp"

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

bool low(const at::Tensor& delta) { return delta.scalar_type() == at::kBFloat16 && delta.is_contiguous(); }

bool fits_scale(const at::Tensor& scale) {
  return !scale.defined() || (scale.scalar_type() == at::kFloat && scale.is_contiguous());
}

template <class T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

const uint16_t* low_data(const at::Tensor& x) { return static_cast<const uint16_t*>(x.const_data_ptr()); }

const float* optional_data(const at::Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

/// body(offset, rows) of some rows that follow each other.
template <class Body>
void over_rows(const at::Tensor& x, const Body& body) {
  const int64_t channels = x.size(-1);
  at::parallel_for(0, x.numel() / channels, kRowsAtATime,
                   [&](int64_t begin, int64_t end) { body(begin * channels, end - begin); });
}

template <class T>
at::Tensor normed(const at::Tensor& x, const net::Norm& norm, at::ScalarType type) {
  at::Tensor out = at::empty(x.sizes(), x.options().dtype(type));
  const auto* from = x.const_data_ptr<float>();
  T* to = data<T>(out);
  const int64_t channels = x.size(-1);
  over_rows(x, [&](int64_t at, int64_t rows) {
    simd::layer_norm(from + at, channels, rows, channels, parameters(norm), to + at);
  });
  return out;
}

}  // namespace

at::Tensor CpuKernels::run_layer_norm(const at::Tensor& x, const net::Norm& norm) const {
  if (!fits(x, norm)) return net::Kernels::run_layer_norm(x, norm);
  return normed<float>(x, norm, at::kFloat);
}

at::Tensor CpuKernels::layer_norm_for(const at::Tensor& x, const net::Norm& norm,
                                      net::Arithmetic next) const {
  if (next != net::Arithmetic::bfloat16 || !fits(x, norm)) return layer_norm(x, norm);
  net::OperationHook::call();
  return normed<uint16_t>(x, norm, at::kBFloat16);
}

at::Tensor CpuKernels::add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                      const net::Norm& norm, net::Arithmetic next) const {
  const bool bfloat16 = next == net::Arithmetic::bfloat16 && low(delta) && fits_scale(scale);
  const bool float32 = !scale.defined() && delta.scalar_type() == at::kFloat && delta.is_contiguous();
  if (!(bfloat16 || float32) || !fits(x, norm))
    return net::Kernels::add_layer_norm(x, delta, scale, norm, next);
  const int64_t channels = x.size(-1);
  auto* sum = x.mutable_data_ptr<float>();
  at::Tensor out = at::empty(x.sizes(), delta.options());
  over_rows(x, [&](int64_t at, int64_t rows) {
    if (bfloat16)
      simd::add_layer_norm(sum + at, low_data(delta) + at, optional_data(scale), rows, channels,
                           parameters(norm), data<uint16_t>(out) + at);
    else
      simd::add_layer_norm(sum + at, delta.const_data_ptr<float>() + at, rows, channels, parameters(norm),
                           data<float>(out) + at);
  });
  return out;
}

void CpuKernels::add_residual(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale) const {
  if (!low(delta) || !fits_scale(scale) || x.scalar_type() != at::kFloat || !x.is_contiguous())
    return net::Kernels::add_residual(x, delta, scale);
  auto* sum = x.mutable_data_ptr<float>();
  over_rows(x, [&](int64_t at, int64_t rows) {
    simd::add_scaled(sum + at, low_data(delta) + at, optional_data(scale), rows, x.size(-1));
  });
}

}  // namespace da3::cpu
