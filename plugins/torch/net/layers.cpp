// SPDX-License-Identifier: Apache-2.0
#include "net/layers.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>

#include <da3/error.hpp>

namespace da3::net {

namespace {

at::ScalarType scalar_type(checkpoint::DType dtype, const std::string& name) {
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

}  // namespace

at::Tensor WeightReader::tensor(const std::string& name) const {
  const checkpoint::TensorView& view = file_.at(prefix_ + name);
  const at::ScalarType type = scalar_type(view.dtype, prefix_ + name);
  // The file aligns tensors to nothing, so bytes are copied first and converted after.
  at::Tensor raw = at::empty(view.shape, at::TensorOptions().dtype(type));
  if (view.bytes) std::memcpy(raw.mutable_data_ptr(), view.data, view.bytes);
  file_.release_pages(view);
  if (on_bytes_) on_bytes_(view.bytes);
  return raw.to(at::kFloat);
}

at::Tensor WeightReader::place(at::Tensor tensor) const { return tensor.to(device_); }

Linear WeightReader::linear(const std::string& name) const {
  Linear layer{place(tensor(name + ".weight")), {}};
  if (has(name + ".bias")) layer.bias = place(tensor(name + ".bias"));
  return layer;
}

Linear WeightReader::scaled_linear(const std::string& name, const std::string& scale_name) const {
  const at::Tensor scale = tensor(scale_name);
  Linear layer{place(tensor(name + ".weight").mul_(scale.unsqueeze(1))), {}};
  if (has(name + ".bias")) layer.bias = place(tensor(name + ".bias").mul_(scale));
  return layer;
}

Norm WeightReader::norm(const std::string& name, double eps) const {
  return {place(tensor(name + ".weight")), place(tensor(name + ".bias")), eps};
}

Convolution WeightReader::convolution(const std::string& name, int64_t stride, int64_t padding) const {
  Convolution layer{
      place(tensor(name + ".weight").contiguous(at::MemoryFormat::ChannelsLast)), {}, stride, padding};
  if (has(name + ".bias")) layer.bias = place(tensor(name + ".bias"));
  return layer;
}

Linear WeightReader::pointwise(const std::string& name) const {
  Linear layer{place(tensor(name + ".weight").flatten(1)), {}};
  if (has(name + ".bias")) layer.bias = place(tensor(name + ".bias"));
  return layer;
}

Linear WeightReader::upscaling(const std::string& name) const {
  const at::Tensor weight = tensor(name + ".weight");  // [in, out, k, k]
  const int64_t in = weight.size(0), out = weight.size(1), k = weight.size(2);
  Linear layer{place(weight.permute({2, 3, 1, 0}).reshape({k * k * out, in}).contiguous()), {}};
  if (has(name + ".bias")) layer.bias = place(tensor(name + ".bias").repeat({k * k}));
  return layer;
}

}  // namespace da3::net
