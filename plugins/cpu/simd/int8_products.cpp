// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/int8_products.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cpu/simd/int8_tiles.hpp"

namespace da3::cpu::simd {

namespace {

int64_t rounded_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

std::vector<const Int8Products*> find_products() {
  std::vector<const Int8Products*> found;
  for (const Int8Products* candidate : {avx512_vnni_products(), avx_vnni_products(), avx2_products()})
    if (candidate) found.push_back(candidate);
  found.push_back(portable_products());
  return found;
}

void portable_tile(const int8_t* rows, int64_t stride, int64_t count, const int8_t* panel, int64_t groups,
                   int32_t* sums) {
  for (int64_t r = 0; r < count; ++r, sums += kInt8Columns) {
    const int8_t *row = rows + r * stride, *weights = panel;
    std::fill_n(sums, kInt8Columns, 0);
    for (int64_t g = 0; g < groups; ++g, row += kInt8Depth, weights += kInt8Columns * kInt8Depth)
      for (int64_t c = 0; c < kInt8Columns; ++c)
        for (int64_t k = 0; k < kInt8Depth; ++k)
          sums[c] += int32_t{weights[c * kInt8Depth + k]} * int32_t{row[k]};
  }
}

}  // namespace

const Int8Products* portable_products() {
  static constexpr Int8Products products{"portable", 0, kMostInt8Rows, portable_tile};
  return &products;
}

std::span<const Int8Products* const> int8_products() {
  static const auto& found = *new std::vector<const Int8Products*>(find_products());
  return found;
}

int64_t packed_int8_bytes(int64_t out, int64_t in) {
  constexpr auto sum_bytes = static_cast<int64_t>(sizeof(int32_t));
  return rounded_up(out, kInt8Columns) * (rounded_up(in, kInt8Depth) + sum_bytes);
}

void pack_int8(const int8_t* weights, int64_t out, int64_t in, const Int8Products& products, int8_t* packed) {
  for (int64_t first = 0; first < out; first += kInt8Columns) {
    int32_t sums[kInt8Columns] = {};
    for (int64_t group = 0; group < in; group += kInt8Depth)
      for (int64_t c = first; c < first + kInt8Columns; ++c)
        for (int64_t k = group; k < group + kInt8Depth; ++k) {
          const int32_t weight = c < out && k < in ? weights[c * in + k] : 0;
          sums[c - first] += weight;
          // Unsigned values wrap into the byte, as the instructions read them.
          *packed++ = static_cast<int8_t>(static_cast<uint8_t>(weight + products.offset));
        }
    std::memcpy(packed, sums, sizeof sums);
    packed += sizeof sums;
  }
}

}  // namespace da3::cpu::simd
