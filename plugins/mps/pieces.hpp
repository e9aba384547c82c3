// SPDX-License-Identifier: Apache-2.0
// How large a piece of work may be on Metal: in how many elements, and in how many bytes of attention scores.
#pragma once

#include <cstdint>

namespace da3::mps {

/// Beyond it Metal's kernels address wrongly, and say nothing.
constexpr int64_t kMostElements = (int64_t{1} << 31) - 1;

/// Limits of one operation.
struct Pieces {
  int64_t elements = kMostElements;  ///< of any input and of the result
  int64_t score_bytes = int64_t{256} << 20;

  /// After memory was short: a quarter of the scores, fewer elements. False, and nothing changes: these are
  /// the smallest already.
  bool shrink();
};

/// Queries of some heads at a time; both at least 1.
struct AttentionPiece {
  int64_t heads, queries;
};

/// Of attention over `heads` independent heads (those of all sequences together) with queries and keys of
/// `width` channels. A piece's queries are all of them or a power of two: Metal keeps what it compiled for
/// each shape for ever.
AttentionPiece attention_piece(int64_t heads, int64_t queries, int64_t keys, int64_t width,
                               const Pieces& pieces);

/// How many of `count` equal parts with so many elements each are done at a time; at least 1.
int64_t parts_at_a_time(int64_t count, int64_t elements_each, const Pieces& pieces);

}  // namespace da3::mps
