// SPDX-License-Identifier: Apache-2.0
#include "mps/shape_count.hpp"

namespace da3::mps {

void ShapeCount::see(const char* operation, const at::Tensor& x, const at::Tensor& y) {
  const std::lock_guard lock(mutex_);
  if (seen_.size() < most) seen_.emplace(operation, x.scalar_type(), x.sizes().vec(), y.sizes().vec());
}

size_t ShapeCount::count() const {
  const std::lock_guard lock(mutex_);
  return seen_.size();
}

}  // namespace da3::mps
