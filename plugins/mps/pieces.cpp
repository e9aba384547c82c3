// SPDX-License-Identifier: Apache-2.0
#include "mps/pieces.hpp"

#include <algorithm>
#include <bit>

namespace da3::mps {

namespace {

constexpr int64_t kFewestElements = int64_t{1} << 21, kShortOfMemory = int64_t{1} << 27;
constexpr int64_t kFewestScoreBytes = int64_t{1} << 20;

int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

int64_t power_of_two_below(int64_t n) {
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(n)));
}

}  // namespace

bool Pieces::shrink() {
  const Pieces before = *this;
  score_bytes = std::min(score_bytes, std::max(kFewestScoreBytes, score_bytes / 4));
  elements = std::min({elements, kShortOfMemory, std::max(kFewestElements, elements / 8)});
  return score_bytes < before.score_bytes || elements < before.elements;
}

AttentionPiece attention_piece(int64_t heads, int64_t queries, int64_t keys, int64_t width,
                               const Pieces& pieces) {
  const int64_t scores = std::clamp<int64_t>(pieces.score_bytes / int64_t{sizeof(float)}, 1,
                                             std::max<int64_t>(1, pieces.elements));
  const int64_t operand = times(std::max(queries, keys), width);
  const int64_t wanted = std::min(scores / keys, pieces.elements / operand);
  const int64_t some_heads = std::clamp<int64_t>(wanted, 1, heads);
  const int64_t some_queries = std::clamp<int64_t>(scores / times(some_heads, keys), 1, queries);
  return {some_heads, some_queries == queries ? queries : power_of_two_below(some_queries)};
}

int64_t parts_at_a_time(int64_t count, int64_t elements_each, const Pieces& pieces) {
  return std::clamp<int64_t>(pieces.elements / std::max<int64_t>(1, elements_each), 1,
                             std::max<int64_t>(1, count));
}

}  // namespace da3::mps
