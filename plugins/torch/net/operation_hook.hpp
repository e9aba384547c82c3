// SPDX-License-Identifier: Apache-2.0
// A look to the outside before each large operation of a run: a block or a chunk of the heads takes too long
// on large pictures to be the step between two looks at the watch.
#pragma once

#include <functional>

namespace da3::net {

/// While it lives, kernels call body before each linear layer, attention, convolution and norm of this
/// thread, and within those that may take long. body may throw, which cancels.
class OperationHook {
 public:
  explicit OperationHook(std::function<void()> body);
  ~OperationHook();
  OperationHook(const OperationHook&) = delete;

  static void call();  ///< of the one that lives on this thread, if any

 private:
  std::function<void()> body_;
  const OperationHook* outer_;
};

}  // namespace da3::net
