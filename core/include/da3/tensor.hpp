// SPDX-License-Identifier: Apache-2.0
// Tensor: a named, dense, C-contiguous array in host memory. Copies share the data.
#pragma once

#include <da3/core_export.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace da3 {

enum class DType : uint8_t { uint8, float32 };

/// Bytes of one element.
constexpr size_t dtype_size(DType dtype) { return dtype == DType::uint8 ? 1 : 4; }
/// "uint8", "float32".
DA3_CORE_API const char* dtype_name(DType dtype);

class DA3_CORE_API Tensor {
 public:
  Tensor() = default;

  /// New memory, zeroed, aligned to 64 bytes. Throws Error: DA3_E_SHAPE for a negative side or a size over
  /// 2^62 bytes, DA3_E_NOMEM_HOST.
  static Tensor allocate(std::string name, DType dtype, std::vector<int64_t> shape);

  /// The caller's memory, which must outlive every copy.
  static Tensor borrow(std::string name, DType dtype, std::vector<int64_t> shape, void* data);
  /// The same for inputs: a plugin never writes to an input.
  static Tensor borrow(std::string name, DType dtype, std::vector<int64_t> shape, const void* data);

  /// Memory with an owner: freed when the last copy goes.
  static Tensor adopt(std::string name, DType dtype, std::vector<int64_t> shape, std::shared_ptr<void> data);

  const std::string& name() const noexcept { return name_; }
  DType dtype() const noexcept { return dtype_; }
  const std::vector<int64_t>& shape() const noexcept { return shape_; }
  size_t size() const noexcept { return size_; }  ///< elements
  size_t bytes() const noexcept { return size_ * dtype_size(dtype_); }
  void* data() const noexcept { return data_.get(); }
  bool empty() const noexcept { return size_ == 0; }

  /// The elements; throws Error(DA3_E_INVALID) when the tensor is of another type.
  std::span<float> floats() const;
  std::span<uint8_t> bytes_u8() const;

 private:
  std::string name_;
  DType dtype_ = DType::float32;
  std::vector<int64_t> shape_;
  size_t size_ = 0;
  std::shared_ptr<void> data_;
};

}  // namespace da3
