// SPDX-License-Identifier: Apache-2.0
#include "net/layers.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

#include <da3/error.hpp>

#include "net/kernels.hpp"

namespace da3::net {

namespace {

at::ScalarType stored_type(checkpoint::DType dtype, const std::string& name) {
  switch (dtype) {
    case checkpoint::DType::f64:
      return at::kDouble;
    case checkpoint::DType::f32:
      return at::kFloat;
    case checkpoint::DType::f16:
      return at::kHalf;
    case checkpoint::DType::bf16:
      return at::kBFloat16;
    default:
      throw Error(DA3_E_MODEL, "cannot use tensor '" + name + "': weights of type " +
                                   std::string(checkpoint::dtype_name(dtype)) +
                                   " are not supported; convert the checkpoint to F32, F16 or BF16");
  }
}

template <class Layer>
void cast_to(Arithmetic arithmetic, Layer& layer) {
  layer.arithmetic = arithmetic;
  layer.weight = in_type(layer.weight, scalar_type(arithmetic));
  if (layer.bias.defined()) layer.bias = in_type(layer.bias, scalar_type(arithmetic));
}

/// The bytes of a tensor, by all threads: a file in the system's cache comes as fast as memory is copied.
void read_by_threads(const checkpoint::SafetensorsFile& file, const checkpoint::TensorView& view, void* to) {
  constexpr size_t piece = size_t{1} << 20;
  const size_t pieces = (view.bytes + piece - 1) / piece;
  at::parallel_for(0, static_cast<int64_t>(pieces), 1, [&](int64_t first, int64_t last) {
    const size_t begin = static_cast<size_t>(first) * piece,
                 end = std::min(static_cast<size_t>(last) * piece, view.bytes);
    if (begin < end) file.read(view, begin, end - begin, static_cast<std::byte*>(to) + begin);
  });
}

}  // namespace

at::Tensor WeightReader::tensor(const std::string& name) const {
  const checkpoint::TensorView& view = source_.file.at(prefix_ + name);
  const at::ScalarType type = stored_type(view.dtype, prefix_ + name);
  // The file aligns tensors to nothing, so bytes are copied first and converted after.
  at::Tensor raw = at::empty(view.shape, at::TensorOptions().dtype(type));
  read_by_threads(source_.file, view, raw.mutable_data_ptr());
  if (source_.on_bytes) source_.on_bytes(view.bytes);
  return raw.to(at::kFloat);
}

at::Tensor WeightReader::optional_tensor(const std::string& name) const {
  return has(name) ? tensor(name) : at::Tensor();
}

at::Tensor WeightReader::place(at::Tensor tensor) const {
  return tensor.defined() ? tensor.to(source_.device) : tensor;
}

Linear WeightReader::place(Linear layer) const {
  cast_to(source_.precision.of(role_), layer);
  layer.weight = place(layer.weight);
  layer.bias = place(layer.bias);
  layer.scale = place(layer.scale);
  source_.kernels.prepare(layer);
  return layer;
}

Convolution WeightReader::place(Convolution layer) const {
  cast_to(source_.precision.of(role_), layer);
  layer.seldom = role_ == Role::ray_branch;
  layer.weight = place(layer.weight.contiguous(at::MemoryFormat::ChannelsLast));
  layer.bias = place(layer.bias);
  source_.kernels.prepare(layer);
  return layer;
}

Linear WeightReader::linear(const std::string& name) const {
  return place(Linear{tensor(name + ".weight"), optional_tensor(name + ".bias")});
}

Linear WeightReader::scaled_linear(const std::string& name, const std::string& scale_name) const {
  Linear layer{tensor(name + ".weight"), optional_tensor(name + ".bias")};
  layer.scale = tensor(scale_name);
  // Folded after a cast the scale would be as coarse as the weights; folded before it, float16 would lose
  // weights: 1e-5, where LayerScale starts, times a weight is below what float16 can hold.
  if (scalar_type(source_.precision.of(role_)) == at::kFloat) {
    layer.weight.mul_(layer.scale.unsqueeze(1));
    if (layer.bias.defined()) layer.bias.mul_(layer.scale);
    layer.scale.reset();
  }
  return place(layer);
}

Norm WeightReader::norm(const std::string& name, double eps) const {
  return {place(tensor(name + ".weight")), place(tensor(name + ".bias")), eps};
}

Convolution WeightReader::convolution(const std::string& name, int64_t stride, int64_t padding) const {
  return place(Convolution{tensor(name + ".weight"), optional_tensor(name + ".bias"), stride, padding});
}

Linear WeightReader::pointwise(const std::string& name) const {
  return place(Linear{tensor(name + ".weight").flatten(1), optional_tensor(name + ".bias")});
}

Linear WeightReader::upscaling(const std::string& name) const {
  const at::Tensor weight = tensor(name + ".weight");  // [in, out, k, k]
  const int64_t in = weight.size(0), out = weight.size(1), k = weight.size(2);
  at::Tensor bias = optional_tensor(name + ".bias");
  if (bias.defined()) bias = bias.repeat({k * k});
  return place(Linear{weight.permute({2, 3, 1, 0}).reshape({k * k * out, in}).contiguous(), bias});
}

}  // namespace da3::net
