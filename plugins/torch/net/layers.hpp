// SPDX-License-Identifier: Apache-2.0
// The parameters of a layer, as plain tensors, and how they are read from a checkpoint.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

#include "checkpoint/safetensors.hpp"

namespace da3::net {

/// y = x weight^T + bias; weight [out, in], bias [out] or undefined.
struct Linear {
  at::Tensor weight, bias;
};

/// Layer normalisation over the last dimension; weight and bias [C].
struct Norm {
  at::Tensor weight, bias;
  double eps = 1e-5;
};

/// Square convolution with stride and zero padding; weight [out, in, k, k] in channels-last memory, bias
/// [out] or undefined.
struct Convolution {
  at::Tensor weight, bias;
  int64_t stride = 1, padding = 0;
};

/// Reads tensors below a name prefix as float32 and gives the mapped pages back. Algebra that removes work at
/// run time (folding scales) happens on these copies, on the CPU, before `place` moves them to the device.
class WeightReader {
 public:
  /// on_bytes(n) is called after each tensor of n bytes and may throw to cancel.
  WeightReader(const checkpoint::SafetensorsFile& file, std::string prefix, at::Device device,
               std::function<void(uint64_t)> on_bytes)
      : file_(file), prefix_(std::move(prefix)), device_(device), on_bytes_(std::move(on_bytes)) {}

  /// A reader of the names below prefix + child.
  WeightReader below(const std::string& child) const { return {file_, prefix_ + child, device_, on_bytes_}; }

  bool has(const std::string& name) const { return file_.find(prefix_ + name) != nullptr; }
  at::Tensor tensor(const std::string& name) const;  ///< float32, contiguous, on the CPU, owned
  at::Tensor place(at::Tensor tensor) const;         ///< on the reader's device

  Linear linear(const std::string& name) const;
  /// A linear whose outputs are scaled: LayerScale folded into the projection before it.
  Linear scaled_linear(const std::string& name, const std::string& scale_name) const;
  Norm norm(const std::string& name, double eps) const;
  Convolution convolution(const std::string& name, int64_t stride, int64_t padding) const;
  /// A 1x1 convolution as a linear on channels-last tokens.
  Linear pointwise(const std::string& name) const;
  /// A transposed convolution with kernel = stride as a linear: rows are (ky, kx, out channel).
  Linear upscaling(const std::string& name) const;

 private:
  const checkpoint::SafetensorsFile& file_;
  std::string prefix_;
  at::Device device_;
  std::function<void(uint64_t)> on_bytes_;
};

}  // namespace da3::net
