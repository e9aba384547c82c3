// SPDX-License-Identifier: Apache-2.0
// The parameters of a layer, as plain tensors, and how they are read from a checkpoint.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

#include "checkpoint/safetensors.hpp"
#include "net/precision.hpp"

namespace da3::net {

/// y = x weight^T + bias; weight [out, in], bias [out] or undefined, both in the type of arithmetic. In int8
/// the weight is int8 after `prepare`.
struct Linear {
  at::Tensor weight, bias;
  Arithmetic arithmetic = Arithmetic::float32;
  at::Tensor steps = {};  ///< int8 only: float32 [out], what 1 is worth in each row of weight
  at::Tensor scale = {};  ///< float32 [out], LayerScale that the user of y applies; undefined: folded in
};

/// Layer normalisation over the last dimension; weight and bias [C].
struct Norm {
  at::Tensor weight, bias;
  double eps = 1e-5;
};

/// Norms of an attention's queries and keys, over the channels of one head.
struct QkNorm {
  Norm q, k;
};

/// Square convolution with stride and zero padding; weight [out, in, k, k] in channels-last memory, bias
/// [out] or undefined, both in the type of arithmetic.
struct Convolution {
  at::Tensor weight, bias;
  int64_t stride = 1, padding = 0;
  Arithmetic arithmetic = Arithmetic::float32;
  bool seldom = false;  ///< most runs do without it: not worth memory for speed

  /// Of the kernel's side: every convolution of these networks pads by half of it. Kernels of a device may
  /// keep weights in which it no longer shows.
  int64_t size() const { return 2 * padding + 1; }
};

class Kernels;

/// Where weights come from and where they go.
struct WeightSource {
  const checkpoint::SafetensorsFile& file;
  at::Device device;
  const Kernels& kernels;                  ///< prepares each linear and convolution for its own use
  std::function<void(uint64_t)> on_bytes;  ///< called after each tensor with its bytes; may throw to cancel
  Precision precision = {};
  /// Runs what makes parts on demand, see on_demand.hpp; empty: it is just run.
  std::function<void(const std::function<void()>&)> keep = {};
};

/// Reads tensors below a name prefix as float32. Algebra that removes work at
/// run time (folding scales) happens on these copies, on the CPU, before `place` casts layers to the
/// arithmetic of their role and moves them to the device.
class WeightReader {
 public:
  /// role: of the layers that are read. source must outlive the reader.
  WeightReader(const WeightSource& source, std::string prefix, Role role)
      : source_(source), prefix_(std::move(prefix)), role_(role) {}

  /// A reader of the names below prefix + child.
  WeightReader below(const std::string& child) const { return {source_, prefix_ + child, role_}; }
  /// A reader of the same names for layers of another role.
  WeightReader as(Role role) const { return {source_, prefix_, role}; }

  /// A reader of the same names from another source.
  WeightReader of(const WeightSource& source) const { return {source, prefix_, role_}; }
  const WeightSource& source() const { return source_; }

  bool has(const std::string& name) const { return source_.file.find(prefix_ + name) != nullptr; }
  at::Tensor tensor(const std::string& name) const;  ///< float32, contiguous, on the CPU, owned
  at::Tensor place(at::Tensor tensor) const;         ///< on the source's device, as it is
  Linear place(Linear layer) const;                  ///< likewise, cast and prepared
  Convolution place(Convolution layer) const;

  Linear linear(const std::string& name) const;
  /// A linear whose outputs are scaled by LayerScale: folded into the weights where they are float32, kept
  /// apart in float32 where they are not.
  Linear scaled_linear(const std::string& name, const std::string& scale_name) const;
  Norm norm(const std::string& name, double eps) const;
  Convolution convolution(const std::string& name, int64_t stride, int64_t padding) const;
  /// A 1x1 convolution as a linear on channels-last tokens.
  Linear pointwise(const std::string& name) const;
  /// A transposed convolution with kernel = stride as a linear: rows are (ky, kx, out channel).
  Linear upscaling(const std::string& name) const;

 private:
  at::Tensor optional_tensor(const std::string& name) const;

  const WeightSource& source_;
  std::string prefix_;
  Role role_;
};

}  // namespace da3::net
