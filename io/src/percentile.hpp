// SPDX-License-Identifier: Apache-2.0
// Percentiles of very many float32 values without a copy of them: two passes, each with a histogram of 2^16
// keys.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace da3::io {

/// Two neighbours in the order of the values, and where between them the percentile lies (linear, as
/// numpy's).
struct Quantile {
  float low = 0, high = 0;
  double share = 0;

  /// In numpy's steps for float32 values.
  double value() const {
    const float difference = high - low;
    return share < 0.5 ? low + difference * share : high - difference * (1 - share);
  }
};

/// `each(visit)` calls visit(float) for every value, the same ones each time it is called; values are not
/// NaN. `count` of them, at least one.
template <class Each>
class Percentiles {
 public:
  Percentiles(Each each, size_t count) : each_(std::move(each)), count_(count) {
    coarse_.assign(bins, 0);
    each_([&](float value) { ++coarse_[key(value) >> 16]; });
  }

  double operator()(double percent) const {
    const double position = percent / 100.0 * static_cast<double>(count_ - 1);
    const auto below = static_cast<size_t>(position);
    Quantile result;
    result.share = position - static_cast<double>(below);
    result.low = at(below);
    result.high = below + 1 < count_ ? at(below + 1) : result.low;
    return result.value();
  }

 private:
  static constexpr size_t bins = size_t{1} << 16;

  /// Unsigned keys in the order of the values.
  static uint32_t key(float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  }
  static float value_of(uint32_t key) {
    return std::bit_cast<float>(key & 0x80000000u ? key & 0x7FFFFFFFu : ~key);
  }

  static size_t find(const std::vector<uint64_t>& histogram, size_t& rank) {
    size_t bin = 0;
    for (; rank >= histogram[bin]; ++bin) rank -= histogram[bin];
    return bin;
  }

  float at(size_t rank) const {
    const size_t top = find(coarse_, rank);
    if (fine_.empty() || fine_of_ != top) {
      fine_.assign(bins, 0);
      fine_of_ = top;
      each_([&](float value) {
        if (key(value) >> 16 == top) ++fine_[key(value) & 0xFFFFu];
      });
    }
    return value_of(static_cast<uint32_t>(top << 16 | find(fine_, rank)));
  }

  Each each_;
  size_t count_;
  std::vector<uint64_t> coarse_;
  mutable std::vector<uint64_t> fine_;
  mutable size_t fine_of_ = 0;
};

}  // namespace da3::io
