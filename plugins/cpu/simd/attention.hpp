// SPDX-License-Identifier: Apache-2.0
// Softmax attention in float32 that never holds a row of scores: the softmax is accumulated over tiles of
// keys (https://arxiv.org/abs/2112.05682).
#pragma once

#include <cstddef>
#include <cstdint>

namespace da3::cpu::simd {

/// The matrix [tokens, channels] of one head; channels are contiguous, rows `stride` floats apart.
template <class T>
struct HeadRows {
  T* data;
  int64_t stride;
};

/// The most channels of a head, which must also be a multiple of kHeadChannelStep.
constexpr int64_t kMostHeadChannels = 64, kHeadChannelStep = 8;

/// Queries that are best given to one call together; a divisor of it that is a multiple of
/// attention_query_step() wastes nothing either.
constexpr int64_t kQueriesAtATime = 384;

/// Floats of scratch memory, aligned to 64 bytes, that a call with up to kQueriesAtATime queries needs.
size_t attention_scratch();

/// out = softmax(q k^T / sqrt(channels)) v. queries <= kQueriesAtATime, keys >= 1. Each query's bits depend
/// on that query and the keys alone. A query whose scores are all -infinity gives NaN, as does a NaN.
void attention(HeadRows<const float> q, HeadRows<const float> k, HeadRows<const float> v, HeadRows<float> out,
               int64_t queries, int64_t keys, int64_t channels, float* scratch);

}  // namespace da3::cpu::simd
