// SPDX-License-Identifier: Apache-2.0
// What a call of attention keeps while it goes over the keys, in float32 and in bfloat16 alike.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "cpu/simd/attention.hpp"

namespace da3::cpu::simd {

constexpr int64_t kBlock = 512;     ///< keys at a time
constexpr int64_t kQueryGroup = 6;  ///< queries at a time
static_assert(kQueriesAtATime % kQueryGroup == 0 && kBlock % kPanel == 0);

/// Where things lie in the scratch memory.
template <class T>
struct AttentionScratch {
  float* rows;              ///< [kQueriesAtATime][kMostHeadChannels]: queries made ready
  float* sums;              ///< the same: shares times values
  float* scores;            ///< [kQueryGroup][kBlock]
  float *largest, *shares;  ///< [kQueriesAtATime]: running maximum and sum of a query's softmax
  T* queries;               ///< [kQueriesAtATime][kMostHeadChannels]; in float32 the rows themselves
  T* probabilities;         ///< [kQueryGroup][kBlock]; in float32 the scores themselves

  explicit AttentionScratch(void* memory)
      : rows(static_cast<float*>(memory)),
        sums(rows + kQueriesAtATime * kMostHeadChannels),
        scores(sums + kQueriesAtATime * kMostHeadChannels),
        largest(scores + kQueryGroup * kBlock),
        shares(largest + kQueriesAtATime),
        queries(reinterpret_cast<T*>(rows)),
        probabilities(reinterpret_cast<T*>(scores)) {}
  static constexpr size_t bytes() {
    return sizeof(float) *
           (2 * kQueriesAtATime * kMostHeadChannels + kQueryGroup * kBlock + 2 * kQueriesAtATime);
  }
};

/// Prepares queries and clears sums, up to a whole number of groups, which is returned.
template <class T, class Row>
int64_t start(const AttentionScratch<T>& s, const HeadRows<const Row>& q, int64_t first, int64_t count,
              RowSteps steps) {
  const int64_t groups = (count + kQueryGroup - 1) / kQueryGroup, padded = groups * kQueryGroup;
  steps.scale = static_cast<float>(1.4426950408889634 /
                                   std::sqrt(static_cast<double>(q.channels)));  // log2 e: powers of 2
  prepare_rows(q, first, count, steps, s.rows);
  std::fill(s.rows + count * kMostHeadChannels, s.rows + padded * kMostHeadChannels, 0.0f);
  std::fill_n(s.sums, padded * kMostHeadChannels, 0.0f);
  std::fill_n(s.shares, padded, 0.0f);
  std::fill_n(s.largest, padded, std::numeric_limits<float>::lowest());
  return groups;
}

/// What sums are multiplied with. Scores that are all -infinity never raised the maximum.
inline float result_scale(float largest, float shares) {
  return largest == std::numeric_limits<float>::lowest() ? std::numeric_limits<float>::quiet_NaN()
                                                         : 1.0f / shares;
}

}  // namespace da3::cpu::simd
