// SPDX-License-Identifier: Apache-2.0
#include "net/camera_rows.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "net/int8.hpp"

namespace da3::net {

at::Tensor CameraRows::linear(const at::Tensor& rows, const Linear& layer) const {
  const QuantisedRows rounded = quantise_tokens(rows);
  const at::Tensor rest = rows - rounded.values * rounded.steps.unsqueeze(1);
  // In one call, so that the weights are read once.
  const at::Tensor both = kernels_.linear(at::cat({rows, rest}), layer);
  at::Tensor sum = both.narrow(0, 0, rows.size(0)) + both.narrow(0, rows.size(0), rows.size(0));
  return layer.bias.defined() ? sum.sub_(layer.bias) : sum;  // it is in both
}

void CameraRows::refine(at::Tensor& y, const at::Tensor& x, const Linear& layer) const {
  if (any()) of(y).copy_(linear(of(x.contiguous()), layer));
}

}  // namespace da3::net
