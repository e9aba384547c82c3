// SPDX-License-Identifier: Apache-2.0
// Softmax attention that never holds a whole row of scores: the softmax is accumulated over blocks of keys
// (https://arxiv.org/abs/2112.05682). Keys and values are packed once for each head and read by all of its
// queries. In float32, or in bfloat16 with sums and softmax in float32, of rows of either type.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/simd/head_rows.hpp"

namespace da3::cpu::simd {

/// The most queries of one call; best a multiple of 6.
constexpr int64_t kQueriesAtATime = 96;

/// The keys and values of one head, in memory of packed_elements(keys) each, aligned to 64 bytes.
template <class T>
struct PackedHead {
  T *keys, *values;
};
constexpr int64_t packed_elements(int64_t keys) {
  return (keys + kPanel - 1) / kPanel * kPanel * kMostHeadChannels;
}

/// Bytes of scratch memory, aligned to 64 bytes, that a call of any function here needs.
size_t attention_scratch();

/// bfloat16 needs AVX512_BF16.
bool has_bfloat16_attention();

/// Packs keys and values `first` to `first + count` of a head; first is a multiple of kPanel, and so is count
/// unless it ends with the last key.
void pack_head(const HeadRows<const float>& k, const HeadRows<const float>& v, int64_t first, int64_t count,
               const RowSteps& key_steps, const PackedHead<float>& packed, void* scratch);
void pack_head(const HeadRows<const bfloat16>& k, const HeadRows<const bfloat16>& v, int64_t first,
               int64_t count, const RowSteps& key_steps, const PackedHead<bfloat16>& packed, void* scratch);
void pack_head(const HeadRows<const float>& k, const HeadRows<const float>& v, int64_t first, int64_t count,
               const RowSteps& key_steps, const PackedHead<bfloat16>& packed, void* scratch);

/// out = softmax(q k^T / sqrt(channels)) v for queries `first` to `first + count` of a head; count <=
/// kQueriesAtATime, keys >= 1. Each query's bits depend on that query and the keys alone. A query whose
/// scores are all -infinity gives NaN, as does a NaN.
void attention(const HeadRows<const float>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<float>& packed, int64_t keys, const HeadRows<float>& out, void* scratch);
void attention(const HeadRows<const bfloat16>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<bfloat16>& packed, int64_t keys, const HeadRows<bfloat16>& out,
               void* scratch);
void attention(const HeadRows<const float>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<bfloat16>& packed, int64_t keys, const HeadRows<float>& out, void* scratch);

}  // namespace da3::cpu::simd
