// SPDX-License-Identifier: Apache-2.0
#include "cpu/packed_kernels.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "cpu/upsampled_maps.hpp"
#include "cpu/winograd_convolution.hpp"
#include "net/operation_hook.hpp"
#include "net/operation_trace.hpp"

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

/// The 3x3 convolution counts; nothing of full size is read or written but the result.
net::Work full_size_work(const at::Tensor& x, const at::Tensor& result, const net::Convolution& hidden) {
  const auto pixels = static_cast<uint64_t>(result.numel() / result.size(3));
  const auto products = static_cast<uint64_t>(9 * x.size(1) * hidden.weight.size(2));
  return {x.nbytes() + result.nbytes(), 2 * pixels * products};
}

at::Tensor winograd_activated(const at::Tensor& x, const net::Convolution& layer, bool relu_before,
                              net::Activation activation) {
  const bool relu = activation == net::Activation::relu;
  return net::activate(winograd_convolution(x, layer, {relu_before, relu}),
                       relu ? net::Activation::none : activation);
}

}  // namespace

void PackedKernels::prepare(net::Linear& layer) const {
  if (layer.arithmetic == net::Arithmetic::int8) return CpuKernels::prepare(layer);
  static const auto reorder =
      find<at::Tensor(const at::Tensor&, std::optional<int64_t>)>("mkldnn::_reorder_linear_weight");
  layer.weight = reorder.call(layer.weight, std::nullopt);
}

void PackedKernels::prepare(net::Convolution& layer) const {
  if (winograd_ && winograd_pays(layer)) {
    layer.weight = winograd_weight(layer);
    return;
  }
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
  if (is_winograd(layer)) return winograd_activated(x, layer, false, activation);
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
  if (is_winograd(layer)) return winograd_convolution(x, layer, {false, false, residual});
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

at::Tensor PackedKernels::convolution_of_upsampled(const at::Tensor& x, int64_t height, int64_t width,
                                                   const net::Convolution& layer) const {
  if (!is_winograd(layer) || !fits_upsample(x, nullptr))
    return CpuKernels::convolution_of_upsampled(x, height, width, layer);
  net::OperationHook::call();
  net::TimedOperation timed;
  at::Tensor result = winograd_of_upsampled(upsampled_maps(x, height, width, nullptr), x.size(0), layer);
  if (timed.listening())
    timed.was(net::kConvolutionKinds.float32,
              net::convolution_work(x, result, layer.size(), 0, layer.arithmetic));
  return result;
}

std::vector<at::Tensor> PackedKernels::full_size_logits(
    const at::Tensor& x, int64_t height, int64_t width, const net::GridEmbedding* grid,
    const std::vector<net::FullSizeBranch>& branches) const {
  const bool fits =
      fits_upsample(x, grid) && std::all_of(branches.begin(), branches.end(), [](const auto& b) {
        return is_winograd(b.hidden) && b.out.arithmetic == net::Arithmetic::float32;
      });
  if (!fits) return CpuKernels::full_size_logits(x, height, width, grid, branches);
  std::vector<at::Tensor> results;
  for (const net::FullSizeBranch& branch : branches) {
    net::OperationHook::call();
    net::TimedOperation timed;
    const at::Tensor weight = branch.out.weight.to_dense().contiguous();
    results.push_back(winograd_full_size(upsampled_maps(x, height, width, grid), x.size(0), branch.hidden,
                                         weight, branch.out.bias));
    if (timed.listening()) timed.was("full_size_logits", full_size_work(x, results.back(), branch.hidden));
  }
  return results;
}

at::Tensor PackedKernels::run_convolution_of_relu(const at::Tensor& x, const net::Convolution& layer,
                                                  net::Activation activation) const {
  if (is_winograd(layer)) return winograd_activated(x, layer, true, activation);
  return CpuKernels::run_convolution_of_relu(x, layer, activation);
}

}  // namespace da3::cpu
