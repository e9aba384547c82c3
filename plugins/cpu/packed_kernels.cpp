// SPDX-License-Identifier: Apache-2.0
#include "cpu/packed_kernels.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string_view>

// LibTorch registers these operators for its own compiler and gives them no C++ declarations, so they are
// called through the dispatcher, by the schemas of mkldnn/RegisterMkldnnOpContextClass.cpp.
namespace da3::cpu {

namespace {

using OptionalTensor = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using OptionalText = std::optional<std::string_view>;

template <class Signature>
c10::TypedOperatorHandle<Signature> find(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

/// Name and algorithm of an activation as the operators want them; gelu is the exact one.
struct Attribute {
  std::string_view name = "none";
  OptionalText algorithm;
};

Attribute attribute(net::Activation activation) {
  switch (activation) {
    case net::Activation::relu:
      return {"relu", {}};
    case net::Activation::gelu:
      return {"gelu", "none"};
    default:
      return {};
  }
}

OptionalTensor optional(const at::Tensor& tensor) {
  return tensor.defined() ? OptionalTensor(tensor) : std::nullopt;
}

constexpr int64_t kOne[] = {1, 1};

}  // namespace

void PackedKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) return CpuKernels::prepare(layer);
  static const auto reorder =
      find<at::Tensor(const at::Tensor&, std::optional<int64_t>)>("mkldnn::_reorder_linear_weight");
  layer.weight = reorder.call(layer.weight, std::nullopt);
}

void PackedKernels::prepare(net::Convolution& layer) const {
  static const auto reorder =
      find<at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                      at::OptionalIntArrayRef)>("mkldnn::_reorder_convolution_weight");
  const int64_t padding[] = {layer.padding, layer.padding}, stride[] = {layer.stride, layer.stride};
  layer.weight = reorder.call(layer.weight, padding, stride, kOne, 1, std::nullopt);
}

at::Tensor PackedKernels::run_linear(const at::Tensor& x, const net::Linear& layer,
                                     net::Activation activation) const {
  if (layer.arithmetic == net::Arithmetic::int8) return CpuKernels::run_linear(x, layer, activation);
  static const auto run =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, std::string_view, Scalars,
                      OptionalText)>("mkldnn::_linear_pointwise");
  const Attribute fused = attribute(activation);
  return run.call(x, layer.weight, optional(layer.bias), fused.name, Scalars(), fused.algorithm);
}

at::Tensor PackedKernels::run_convolution(const at::Tensor& x, const net::Convolution& layer,
                                          net::Activation activation) const {
  static const auto run =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, at::IntArrayRef,
                      at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view, Scalars, OptionalText)>(
          "mkldnn::_convolution_pointwise");
  const int64_t padding[] = {layer.padding, layer.padding}, stride[] = {layer.stride, layer.stride};
  const Attribute fused = attribute(activation);
  return run.call(x, layer.weight, optional(layer.bias), padding, stride, kOne, 1, fused.name, Scalars(),
                  fused.algorithm);
}

at::Tensor PackedKernels::run_convolution_add(const at::Tensor& x, const net::Convolution& layer,
                                              const at::Tensor& residual) const {
  // For a map of one pixel oneDNN takes the result's layout for another one, and cannot reorder to it.
  if (residual.size(2) == 1 && residual.size(3) == 1)
    return run_convolution(x, layer, net::Activation::none).add_(residual);
  static const auto run =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&,
                      at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view,
                      std::optional<at::Scalar>, OptionalText, Scalars, OptionalText)>(
          "mkldnn::_convolution_pointwise", "binary");
  const int64_t padding[] = {layer.padding, layer.padding}, stride[] = {layer.stride, layer.stride};
  return run.call(x, residual, layer.weight, optional(layer.bias), padding, stride, kOne, 1, "add",
                  std::nullopt, std::nullopt, Scalars(), std::nullopt);
}

}  // namespace da3::cpu
