// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor_bridge.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <memory>

#include <da3/error.hpp>

namespace da3::engine {

namespace {

constexpr int32_t kHostMemory = 1;            // DLPack kDLCPU
constexpr uint8_t kUnsigned = 1, kFloat = 2;  // DLPack type codes
constexpr int64_t kMostElements = int64_t{1} << 40;

std::string name_of(const da3_tensor& tensor) { return tensor.name ? tensor.name : "(unnamed)"; }

[[noreturn]] void refuse(int32_t code, Side side, int64_t index, const std::string& message) {
  throw Error(code, (side == Side::input ? "bad input " : "bad output ") + message,
              static_cast<int32_t>(side), index);
}

void check_type(const da3_tensor& tensor, at::ScalarType type, Side side, int64_t index) {
  const bool bytes = type == at::kByte;
  if (tensor.code != (bytes ? kUnsigned : kFloat) || tensor.bits != (bytes ? 8 : 32) || tensor.lanes != 1)
    refuse(DA3_E_INVALID, side, index,
           "'" + name_of(tensor) + "': its type must be " + (bytes ? "uint8" : "float32") + " (DLPack code " +
               (bytes ? "1, 8" : "2, 32") + " bits, 1 lane)");
}

void check_place(const da3_tensor& tensor, Side side, int64_t index) {
  if (tensor.dl_type != kHostMemory)
    refuse(DA3_E_UNSUPPORTED, side, index,
           "'" + name_of(tensor) + "': only host memory (DLPack device type 1) is taken, not type " +
               std::to_string(tensor.dl_type));
}

at::Tensor wrap(const da3_tensor& tensor, const std::vector<int64_t>& shape, at::ScalarType type) {
  auto* data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  const auto options = at::TensorOptions().dtype(type);
  if (tensor.strides)
    return at::from_blob(data, shape, at::IntArrayRef(tensor.strides, static_cast<size_t>(tensor.ndim)),
                         options);
  return at::from_blob(data, shape, options);
}

/// Float loads of misaligned memory are undefined behaviour: such tensors go through bytes.
bool aligned(const da3_tensor& tensor) {
  return (reinterpret_cast<uintptr_t>(tensor.data) + tensor.byte_offset) % alignof(float) == 0;
}

/// Memory that the plugin gave: freed by its release, whatever became of session and model.
struct Handover {
  at::Tensor value;
  std::vector<int64_t> shape;
};

void DA3_CALL release_handover(da3_tensor* tensor) {
  if (!tensor || !tensor->owner) return;
  delete static_cast<Handover*>(tensor->owner);
  tensor->owner = nullptr;
  tensor->data = nullptr;
  tensor->shape = nullptr;
  tensor->release = nullptr;
}

}  // namespace

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::vector<int64_t> checked_shape(const da3_tensor& tensor, Side side, int64_t index) {
  if (tensor.ndim < 0 || tensor.ndim > 8 || (tensor.ndim > 0 && !tensor.shape))
    refuse(DA3_E_SHAPE, side, index, "'" + name_of(tensor) + "': it has no valid shape");
  std::vector<int64_t> shape(tensor.shape, tensor.shape + tensor.ndim);
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (size <= 0)
      refuse(DA3_E_SHAPE, side, index,
             "'" + name_of(tensor) + "': a side of its shape " + shape_text(shape) + " is not positive");
    if (size > kMostElements / elements)
      refuse(DA3_E_SHAPE, side, index,
             "'" + name_of(tensor) + "': its shape " + shape_text(shape) + " has more than 2^40 elements");
    elements *= size;
  }
  return shape;
}

void check_struct(const da3_tensor& tensor, Side side, int64_t index) {
  const da3_tensor* fields = &tensor;
  if (!DA3_HAS(fields, da3_tensor, release))
    refuse(DA3_E_ABI, side, index,
           "'" + name_of(tensor) + "': its struct_size is " + std::to_string(tensor.struct_size) +
               ", da3_tensor of ABI 1.0 has " + std::to_string(sizeof(da3_tensor)) + " bytes");
}

void check_input(const da3_tensor& tensor, at::ScalarType type, int64_t index) {
  check_place(tensor, Side::input, index);
  check_type(tensor, type, Side::input, index);
}

at::Tensor wrap_input(const da3_tensor& tensor, at::ScalarType type, int64_t index) {
  const std::vector<int64_t> shape = checked_shape(tensor, Side::input, index);
  if (!tensor.data) refuse(DA3_E_INVALID, Side::input, index, "'" + name_of(tensor) + "': it has no data");
  if (tensor.strides)
    for (int32_t i = 0; i < tensor.ndim; ++i)
      if (tensor.strides[i] < 0)
        refuse(DA3_E_SHAPE, Side::input, index,
               "'" + name_of(tensor) + "': negative strides are not supported");
  if (type == at::kByte || aligned(tensor)) return wrap(tensor, shape, type);
  if (tensor.strides)
    refuse(DA3_E_SHAPE, Side::input, index,
           "'" + name_of(tensor) + "': misaligned memory with strides is not supported");
  int64_t elements = 1;
  for (int64_t size : shape) elements *= size;
  at::Tensor copy = at::empty(shape, at::TensorOptions().dtype(type));
  std::memcpy(copy.mutable_data_ptr(), static_cast<char*>(tensor.data) + tensor.byte_offset,
              static_cast<size_t>(elements) * sizeof(float));
  return copy;
}

void check_output(const da3_tensor& tensor, const std::vector<int64_t>& shape, int64_t index) {
  check_place(tensor, Side::output, index);
  if (!tensor.data) return;
  check_type(tensor, at::kFloat, Side::output, index);
  const std::vector<int64_t> given = checked_shape(tensor, Side::output, index);
  if (given != shape)
    refuse(DA3_E_SHAPE, Side::output, index,
           "'" + name_of(tensor) + "': its shape is " + shape_text(given) + ", this run makes " +
               shape_text(shape));
  if (tensor.strides)
    for (size_t i = 0; i < shape.size(); ++i)
      if (tensor.strides[i] <= 0 && shape[i] > 1)
        refuse(DA3_E_SHAPE, Side::output, index,
               "'" + name_of(tensor) + "': an output's strides must be positive");
  if (!aligned(tensor) && tensor.strides)
    refuse(DA3_E_SHAPE, Side::output, index,
           "'" + name_of(tensor) + "': misaligned memory with strides is not supported");
}

void write_output(da3_tensor& tensor, const at::Tensor& value) {
  if (tensor.data) {
    if (aligned(tensor)) {
      wrap(tensor, value.sizes().vec(), at::kFloat).copy_(value);
    } else {
      const at::Tensor contiguous = value.cpu().contiguous();
      std::memcpy(static_cast<char*>(tensor.data) + tensor.byte_offset, contiguous.const_data_ptr(),
                  contiguous.nbytes());
    }
    return;
  }
  auto handover = std::make_unique<Handover>();
  handover->value = value.cpu().contiguous();
  handover->shape = value.sizes().vec();
  tensor.data = handover->value.mutable_data_ptr();
  tensor.ndim = static_cast<int32_t>(handover->shape.size());
  tensor.code = kFloat;
  tensor.bits = 32;
  tensor.lanes = 1;
  tensor.shape = handover->shape.data();
  tensor.strides = nullptr;
  tensor.byte_offset = 0;
  tensor.owner = handover.release();
  tensor.release = release_handover;
}

}  // namespace da3::engine
