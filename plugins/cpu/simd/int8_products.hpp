// SPDX-License-Identifier: Apache-2.0
// Exact sums of products of 8-bit integers, by the best instructions of this machine. Weights are packed once
// into panels of columns, in groups of four along the depth, as all of these instructions read them.
#pragma once

#include <cstdint>
#include <span>

namespace da3::cpu::simd {

constexpr int64_t kInt8Columns = 32;  ///< outputs of a panel
constexpr int64_t kInt8Depth = 4;     ///< inputs of a group
constexpr int64_t kMostInt8Rows = 12;

struct Int8Products {
  const char* name;
  int32_t offset;  ///< added to each weight when it is packed: 128 where instructions take unsigned ones
  int64_t rows;    ///< of a tile, at most; not more than kMostInt8Rows
  /// sums[row][column] = sum of row * (weight + offset) over groups * 4 inputs, for 1 <= count <= rows rows
  /// that lie `stride` bytes apart, and the 32 columns of a panel. All values are in [-127, 127] before the
  /// offset: so nothing saturates, and 32 bits hold the sums of up to 66000 inputs.
  void (*tile)(const int8_t* rows, int64_t stride, int64_t count, const int8_t* panel, int64_t groups,
               int32_t* sums);
};

/// Of this machine, best first; the last one is portable.
std::span<const Int8Products* const> int8_products();

/// The bytes that int8 weights [out, in] take when packed: out rounded up to panels, in to groups; each panel
/// ends with the sums of its columns as int32.
int64_t packed_int8_bytes(int64_t out, int64_t in);

/// weights [out, in] -> packed, on the calling thread; what is rounded up counts as nothing.
void pack_int8(const int8_t* weights, int64_t out, int64_t in, const Int8Products&, int8_t* packed);

}  // namespace da3::cpu::simd
