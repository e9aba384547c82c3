// SPDX-License-Identifier: Apache-2.0
// Every operator that this thread runs while a recorder lives, with what goes in and comes out: to prove on
// one device what would happen on another.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace da3::engine {

struct TensorFacts {
  at::ScalarType type;
  at::Device device;
  std::vector<int64_t> sizes, strides;
};

struct RecordedOperator {
  std::string name;                     ///< "aten::add.Tensor"
  std::optional<size_t> caller;         ///< the operator that called it, by its place in the record
  std::vector<TensorFacts> in, out;     ///< tensors, those in lists too, in order
  std::optional<at::Device> to_device;  ///< its `device` argument, where it has and was given one
  bool has_device_argument = false;
};

/// "aten::add.Tensor (Float [2, 3], Float [3]) -> Float [2, 3]".
std::string to_text(const RecordedOperator& recorded);

class OperatorRecorder {
 public:
  OperatorRecorder();
  ~OperatorRecorder();
  OperatorRecorder(const OperatorRecorder&) = delete;
  OperatorRecorder& operator=(const OperatorRecorder&) = delete;

  /// In the order in which they began.
  const std::vector<RecordedOperator>& operators() const { return operators_; }

 private:
  friend struct RecorderCallbacks;
  std::vector<RecordedOperator> operators_;
  std::vector<size_t> running_;
  OperatorRecorder* outer_;  ///< recorders nest: the innermost sees what runs
  at::CallbackHandle handle_;
};

}  // namespace da3::engine
