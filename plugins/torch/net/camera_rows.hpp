// SPDX-License-Identifier: Apache-2.0
// A view's first token is all that its camera is read from, so in 8 bits nearly all of a pose's error is what
// that one row was rounded by. There is one such row in hundreds: it is given 16 bits.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/kernels.hpp"

namespace da3::net {

class CameraRows {
 public:
  /// tokens_per_view: 0 where no camera is read from these tokens. Other arithmetic than int8 needs no such
  /// care: then, too, there are no rows, and what follows does nothing.
  CameraRows(const Kernels& kernels, int64_t tokens_per_view, Arithmetic arithmetic)
      : kernels_(kernels), tokens_(arithmetic == Arithmetic::int8 ? tokens_per_view : 0) {}

  bool any() const { return tokens_ > 0; }
  /// The rows of x [sequences, tokens, C], contiguous: a view, [views, C].
  at::Tensor of(const at::Tensor& x) const { return x.view({-1, tokens_, x.size(-1)}).select(1, 0); }
  /// rows [views, in] -> [views, out].
  at::Tensor linear(const at::Tensor& rows, const Linear& layer) const;
  /// Sets these rows of y to the linear of those of x.
  void refine(at::Tensor& y, const at::Tensor& x, const Linear& layer) const;

 private:
  const Kernels& kernels_;
  int64_t tokens_;
};

}  // namespace da3::net
