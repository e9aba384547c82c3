// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <da3/error.hpp>
#include <da3/tensor.hpp>
#include <memory>
#include <utility>

namespace da3 {
namespace {

size_t count_elements(const std::string& name, DType dtype, const std::vector<int64_t>& shape) {
  constexpr uint64_t most = uint64_t{1} << 62;
  uint64_t count = 1;
  for (const int64_t side : shape) {
    if (side < 0)
      throw Error(DA3_E_SHAPE, "tensor " + name + ": the side " + std::to_string(side) +
                                   " is negative; correct its shape");
    if (side != 0 && count > most / dtype_size(dtype) / static_cast<uint64_t>(side))
      throw Error(DA3_E_SHAPE,
                  "tensor " + name + ": its shape is larger than memory can be; correct its shape");
    count *= static_cast<uint64_t>(side);
  }
  return static_cast<size_t>(count);
}

}  // namespace

const char* dtype_name(DType dtype) { return dtype == DType::uint8 ? "uint8" : "float32"; }

Tensor Tensor::adopt(std::string name, DType dtype, std::vector<int64_t> shape, std::shared_ptr<void> data) {
  Tensor tensor;
  tensor.size_ = count_elements(name, dtype, shape);
  tensor.name_ = std::move(name);
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.data_ = std::move(data);
  return tensor;
}

Tensor Tensor::allocate(std::string name, DType dtype, std::vector<int64_t> shape) {
  constexpr size_t alignment = 64;
  const size_t bytes = count_elements(name, dtype, shape) * dtype_size(dtype);
  // calloc gives pages that are zero and take no memory before they are written: a run that is refused costs
  // none.
  void* memory = std::calloc(bytes + alignment, 1);
  if (!memory)
    throw Error(DA3_E_NOMEM_HOST, "tensor " + name + ": " + std::to_string(bytes) +
                                      " bytes cannot be allocated; use fewer views or a smaller process_res");
  const std::shared_ptr<void> owner(memory, std::free);
  size_t space = bytes + alignment;
  void* aligned = memory;
  std::align(alignment, bytes, aligned, space);
  return adopt(std::move(name), dtype, std::move(shape), std::shared_ptr<void>(owner, aligned));
}

Tensor Tensor::borrow(std::string name, DType dtype, std::vector<int64_t> shape, void* data) {
  return adopt(std::move(name), dtype, std::move(shape), std::shared_ptr<void>(data, [](void*) {}));
}

Tensor Tensor::borrow(std::string name, DType dtype, std::vector<int64_t> shape, const void* data) {
  return borrow(std::move(name), dtype, std::move(shape), const_cast<void*>(data));
}

std::span<float> Tensor::floats() const {
  if (dtype_ != DType::float32)
    throw Error(DA3_E_INVALID,
                "tensor " + name_ + " holds " + dtype_name(dtype_) + ", not float32; read it as what it is");
  return {static_cast<float*>(data_.get()), size_};
}

std::span<uint8_t> Tensor::bytes_u8() const {
  if (dtype_ != DType::uint8)
    throw Error(DA3_E_INVALID,
                "tensor " + name_ + " holds " + dtype_name(dtype_) + ", not uint8; read it as what it is");
  return {static_cast<uint8_t*>(data_.get()), size_};
}

}  // namespace da3
