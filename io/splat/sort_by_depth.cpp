// SPDX-License-Identifier: Apache-2.0
// Radix sort, three digits of eleven bits.
#include "sort_by_depth.hpp"

#include <array>
#include <cstddef>

namespace da3::splat {

void sort_by_depth(std::vector<Seen>& seen, std::vector<Seen>& scratch) {
  constexpr uint32_t bits = 11, digits = 3, mask = (1u << bits) - 1;
  std::vector<std::array<std::size_t, mask + 1>> starts(digits);
  for (auto& of_digit : starts) of_digit.fill(0);
  for (const Seen& one : seen)
    for (uint32_t digit = 0; digit < digits; ++digit) ++starts[digit][one.depth >> digit * bits & mask];
  scratch.resize(seen.size());
  for (uint32_t digit = 0; digit < digits; ++digit) {
    std::size_t sum = 0;
    for (std::size_t& start : starts[digit]) {
      const std::size_t count = start;
      start = sum;
      sum += count;
    }
    for (const Seen& one : seen) scratch[starts[digit][one.depth >> digit * bits & mask]++] = one;
    seen.swap(scratch);
  }
}

}  // namespace da3::splat
