// SPDX-License-Identifier: Apache-2.0
// da3_tensor <-> at::Tensor. Nothing of the caller's is believed before it is checked.
#pragma once

#include <ATen/core/Tensor.h>
#include <da3/plugin.h>

#include <cstdint>
#include <string>
#include <vector>

namespace da3::engine {

enum class Side : int32_t { input = 2, output = 3 };  ///< da3_error.kind

/// The shape of a tensor that may have no data: positive sides, at most 2^40 elements.
std::vector<int64_t> checked_shape(const da3_tensor& tensor, Side side, int64_t index);

/// Throws Error(DA3_E_ABI) for a tensor that is smaller than version 1.0's.
void check_struct(const da3_tensor& tensor, Side side, int64_t index);

/// Type and place of an input that may have no data. Throws Error(DA3_E_INVALID or DA3_E_UNSUPPORTED).
void check_input(const da3_tensor& tensor, at::ScalarType type, int64_t index);

/// Wraps an input in host memory without copying where its strides and alignment allow; the tensor borrows
/// the memory. Its type was checked. index: its place in the run, for errors. Throws Error(DA3_E_SHAPE or
/// DA3_E_INVALID).
at::Tensor wrap_input(const da3_tensor& tensor, at::ScalarType type, int64_t index);

/// Checks an output that the caller allocated against the shape it must have.
void check_output(const da3_tensor& tensor, const std::vector<int64_t>& shape, int64_t index);

/// Copies value (float32) into the caller's memory, or hands over memory that lives until the tensor's
/// release.
void write_output(da3_tensor& tensor, const at::Tensor& value);

/// "[2, 3, 98, 126]".
std::string shape_text(const std::vector<int64_t>& shape);

}  // namespace da3::engine
