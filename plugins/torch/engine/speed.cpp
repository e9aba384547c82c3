// SPDX-License-Identifier: Apache-2.0
#include "engine/speed.hpp"

#include <ATen/ops/linspace.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace da3::engine {
namespace {

using net::Arithmetic;

constexpr int64_t kTokens = 384, kChannels = 768, kHidden = 3072, kHeads = 12;
constexpr int kTimes = 4;  // the first of each makes the kernels

/// Values of many kinds, as in ceilings.cpp.
at::Tensor values(std::initializer_list<int64_t> shape, Arithmetic arithmetic) {
  int64_t count = 1;
  for (int64_t side : shape) count *= side;
  return at::linspace(-1, 1, count).view(shape).to(net::scalar_type(arithmetic));
}

class Block {
 public:
  Block(const net::Kernels& kernels, Arithmetic arithmetic)
      : kernels_(kernels),
        arithmetic_(arithmetic),
        expand_(values({kHidden, kChannels}, arithmetic), {}, arithmetic),
        contract_(values({kChannels, kHidden}, arithmetic), {}, arithmetic),
        tokens_(values({kTokens, kChannels}, arithmetic)),
        heads_(values({1, kHeads, kTokens, kChannels / kHeads}, arithmetic)) {
    kernels.prepare(expand_);
    kernels.prepare(contract_);
  }

  void time() {
    const auto begin = std::chrono::steady_clock::now();
    kernels_.linear(kernels_.linear(tokens_, expand_, net::Activation::gelu), contract_);
    kernels_.attention(heads_, heads_, heads_, arithmetic_);
    least_ =
        std::min(least_, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  double least() const { return least_; }

 private:
  const net::Kernels& kernels_;
  const Arithmetic arithmetic_;
  net::Linear expand_, contract_;
  at::Tensor tokens_, heads_;
  double least_ = std::numeric_limits<double>::max();
};

}  // namespace

double speed_of(const net::Kernels& kernels, Arithmetic arithmetic) {
  Block usual(kernels, Arithmetic::float32), other(kernels, arithmetic);
  for (int i = 0; i < kTimes; ++i) usual.time(), other.time();
  return usual.least() / std::max(other.least(), 1e-9);
}

}  // namespace da3::engine
