// SPDX-License-Identifier: Apache-2.0
// How many different shapes were computed. Metal compiles a graph for each and keeps it for ever.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <mutex>
#include <set>
#include <tuple>
#include <vector>

namespace da3::mps {

class ShapeCount {
 public:
  /// operation: a name that lives for ever. [any thread]
  void see(const char* operation, const at::Tensor& x, const at::Tensor& y);
  /// Different ones seen, up to `most`.
  size_t count() const;
  static constexpr size_t most = 1 << 14;

 private:
  using Key = std::tuple<const char*, at::ScalarType, std::vector<int64_t>, std::vector<int64_t>>;
  mutable std::mutex mutex_;
  std::set<Key> seen_;
};

}  // namespace da3::mps
