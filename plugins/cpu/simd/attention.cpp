// SPDX-License-Identifier: Apache-2.0
// Queries lie along the lanes: scores are [keys][queries] and results [channels][queries], so that the
// softmax needs no step across lanes, both products broadcast keys and values from where they lie, and only
// queries and results are transposed.
#include "cpu/simd/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/attention.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/exponential-inl.h"

#ifndef DA3_CPU_SIMD_ATTENTION_ONCE
#define DA3_CPU_SIMD_ATTENTION_ONCE
namespace da3::cpu::simd {

constexpr int64_t kTile = 64;             ///< keys at a time
constexpr int64_t kWidestGroup = 3 * 16;  ///< queries side by side, at most: three vectors

/// Where things lie in the scratch memory.
struct AttentionScratch {
  float *keys, *values;     ///< [kTile][kMostHeadChannels]
  float* scores;            ///< [kTile][kWidestGroup]
  float *largest, *shares;  ///< [kQueriesAtATime]: running maximum and sum of a query's softmax
  float *queries, *sums;    ///< [groups][kMostHeadChannels][group]

  explicit AttentionScratch(float* memory)
      : keys(memory),
        values(keys + kTile * kMostHeadChannels),
        scores(values + kTile * kMostHeadChannels),
        largest(scores + kTile * kWidestGroup),
        shares(largest + kQueriesAtATime),
        queries(shares + kQueriesAtATime),
        sums(queries + kQueriesAtATime * kMostHeadChannels) {}
  float* end() const { return sums + kQueriesAtATime * kMostHeadChannels; }
};

}  // namespace da3::cpu::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr D d;

// The accumulators of a product are kRows x 3 vectors: as many as the registers hold beside three of the
// other operand and a broadcast one.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int64_t kRows = 8;
#else
constexpr int64_t kRows = 4;
#endif
static_assert(kTile % kRows == 0 && kHeadChannelStep % kRows == 0);

/// c[r][lanes] += a[step * a_step + r * a_row] * b[step][lanes], summed over the steps; three vectors of
/// lanes.
HWY_INLINE void multiply_rows(const float* HWY_RESTRICT a, int64_t a_row, int64_t a_step,
                              const float* HWY_RESTRICT b, int64_t steps, V (&c)[kRows][3]) {
  const size_t n = hn::Lanes(d);
  for (int64_t s = 0; s < steps; ++s, a += a_step, b += 3 * n) {
    const V b0 = hn::Load(d, b), b1 = hn::Load(d, b + n), b2 = hn::Load(d, b + 2 * n);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) {
      const V factor = hn::Set(d, a[r * a_row]);
      c[r][0] = hn::MulAdd(factor, b0, c[r][0]);
      c[r][1] = hn::MulAdd(factor, b1, c[r][1]);
      c[r][2] = hn::MulAdd(factor, b2, c[r][2]);
    }
  }
}

/// scores[key][query] of a tile, and `highest` the largest of them for each query.
HWY_INLINE void score(const float* keys, int64_t count, const float* queries, int64_t channels, float* scores,
                      V (&highest)[3]) {
  const size_t n = hn::Lanes(d);
  for (int64_t key = 0; key < count; key += kRows) {
    V sums[kRows][3];
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = sums[r][2] = hn::Zero(d);
    multiply_rows(keys + key * kMostHeadChannels, kMostHeadChannels, 1, queries, channels, sums);
    const int64_t rows = std::min(kRows, count - key);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) {
      if (r >= rows) break;
      for (size_t i = 0; i < 3; ++i) {
        hn::Store(sums[r][i], d, scores + (static_cast<size_t>(key + r) * 3 + i) * n);
        highest[i] = hn::Max(highest[i], sums[r][i]);
      }
    }
  }
}

/// Scores become powers of two below their running maximum; returns in `decay` what earlier sums are worth.
HWY_INLINE void share(float* scores, int64_t count, const V (&highest)[3], float* largest, float* shares,
                      V (&decay)[3]) {
  const size_t n = hn::Lanes(d);
  for (size_t i = 0; i < 3; ++i) {
    decay[i] = power_of_two(d, hn::Sub(hn::Load(d, largest + i * n), highest[i]));
    hn::Store(highest[i], d, largest + i * n);
    V sum = hn::Mul(hn::Load(d, shares + i * n), decay[i]);
    for (int64_t key = 0; key < count; ++key) {
      float* at = scores + (static_cast<size_t>(key) * 3 + i) * n;
      const V p = power_of_two(d, hn::Sub(hn::Load(d, at), highest[i]));
      hn::Store(p, d, at);
      sum = hn::Add(sum, p);
    }
    hn::Store(sum, d, shares + i * n);
  }
}

/// sums[channel][query] = sums * decay + values^T scores.
HWY_INLINE void mix(const float* values, int64_t count, const float* scores, int64_t channels,
                    const V (&decay)[3], float* sums) {
  const size_t n = hn::Lanes(d);
  for (int64_t channel = 0; channel < channels; channel += kRows) {
    V rows[kRows][3];
    float* first = sums + static_cast<size_t>(channel) * 3 * n;
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r)
      for (size_t i = 0; i < 3; ++i)
        rows[r][i] = hn::Mul(hn::Load(d, first + (static_cast<size_t>(r) * 3 + i) * n), decay[i]);
    multiply_rows(values + channel, 1, kMostHeadChannels, scores, count, rows);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r)
      for (size_t i = 0; i < 3; ++i) hn::Store(rows[r][i], d, first + (static_cast<size_t>(r) * 3 + i) * n);
  }
}

void copy_tile(HeadRows<const float> from, int64_t first, int64_t count, int64_t channels, float* to) {
  for (int64_t r = 0; r < count; ++r)
    std::copy_n(from.data + (first + r) * from.stride, channels, to + r * kMostHeadChannels);
  // Scores come in blocks of kRows keys; what is read past the last key is thrown away, but must be there.
  for (int64_t r = count; r % kRows != 0; ++r) std::fill_n(to + r * kMostHeadChannels, channels, 0.0f);
}

/// Scaled and by groups; places after the last query are zeros.
void transpose_queries(HeadRows<const float> q, int64_t queries, int64_t channels, int64_t group, float* to) {
  const auto scale = static_cast<float>(1.4426950408889634 /
                                        std::sqrt(static_cast<double>(channels)));  // log2 e: powers of 2
  for (int64_t first = 0; first < queries; first += group, to += group * channels) {
    for (int64_t i = 0; i < group; ++i) {
      const bool inside = first + i < queries;
      const float* row = inside ? q.data + (first + i) * q.stride : nullptr;
      for (int64_t c = 0; c < channels; ++c) to[c * group + i] = inside ? row[c] * scale : 0.0f;
    }
  }
}

void write_results(const AttentionScratch& s, HeadRows<float> out, int64_t queries, int64_t channels,
                   int64_t group) {
  for (int64_t i = 0; i < queries; ++i) {
    const float* sums = s.sums + i / group * group * channels + i % group;
    // Scores that are all -infinity never raised the maximum.
    const bool none = s.largest[i] == std::numeric_limits<float>::lowest();
    const float scale = none ? std::numeric_limits<float>::quiet_NaN() : 1.0f / s.shares[i];
    float* row = out.data + i * out.stride;
    for (int64_t c = 0; c < channels; ++c) row[c] = sums[c * group] * scale;
  }
}

void attention_here(HeadRows<const float> q, HeadRows<const float> k, HeadRows<const float> v,
                    HeadRows<float> out, int64_t queries, int64_t keys, int64_t channels, float* memory) {
  const AttentionScratch s(memory);
  const size_t n = hn::Lanes(d);
  const auto group = static_cast<int64_t>(3 * n);
  const int64_t padded = (queries + group - 1) / group * group;
  transpose_queries(q, queries, channels, group, s.queries);
  std::fill_n(s.sums, padded * channels, 0.0f);
  std::fill_n(s.shares, padded, 0.0f);
  std::fill_n(s.largest, padded, std::numeric_limits<float>::lowest());
  for (int64_t first = 0; first < keys; first += kTile) {
    const int64_t count = std::min(kTile, keys - first);
    copy_tile(k, first, count, channels, s.keys);
    copy_tile(v, first, count, channels, s.values);
    for (int64_t at = 0; at < padded; at += group) {
      V highest[3], decay[3];
      for (size_t i = 0; i < 3; ++i) highest[i] = hn::Load(d, s.largest + at + i * n);
      score(s.keys, count, s.queries + at * channels, channels, s.scores, highest);
      share(s.scores, count, highest, s.largest + at, s.shares + at, decay);
      mix(s.values, count, s.scores, channels, decay, s.sums + at * channels);
    }
  }
  write_results(s, out, queries, channels, group);
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(attention_here);

size_t attention_scratch() {
  return static_cast<size_t>(AttentionScratch(nullptr).end() - static_cast<float*>(nullptr));
}

void attention(HeadRows<const float> q, HeadRows<const float> k, HeadRows<const float> v, HeadRows<float> out,
               int64_t queries, int64_t keys, int64_t channels, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_here)(q, k, v, out, queries, keys, channels, scratch);
}

}  // namespace da3::cpu::simd
#endif
