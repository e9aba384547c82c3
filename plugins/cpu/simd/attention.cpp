// SPDX-License-Identifier: Apache-2.0
// Keys lie along the lanes of the scores and channels along those of the results, so both products broadcast
// queries and shares from where they lie, and only keys are transposed.
#include "cpu/simd/attention.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/simd/attention.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

#include "cpu/simd/attention_scratch.hpp"
#include "cpu/simd/exponential-inl.h"

HWY_BEFORE_NAMESPACE();
namespace da3::cpu::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr D d;

// The accumulators of a product are kRows x kVectors: as many as the registers hold beside kVectors of the
// other operand and a broadcast one.
constexpr int64_t kRows = kQueryGroup;
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int64_t kVectors = 4;
#else
constexpr int64_t kVectors = 2;
#endif

/// scores[query][key] of kWide vectors of keys, of which `valid` keys are there; and `highest` the largest of
/// them.
template <int64_t kWide>
HWY_INLINE void score_tile(const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys,
                           int64_t channels, int64_t valid, float* HWY_RESTRICT scores, V (&highest)[kRows]) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  V sums[kRows][kWide];
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kWide; ++i) sums[r][i] = hn::Zero(d);
  for (int64_t c = 0; c < channels; ++c, keys += kPanel) {
    V row[kWide];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kWide; ++i) row[i] = hn::Load(d, keys + i * n);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) {
      const V factor = hn::Set(d, queries[r * kMostHeadChannels + c]);
#pragma GCC unroll 8
      for (int64_t i = 0; i < kWide; ++i) sums[r][i] = hn::MulAdd(factor, row[i], sums[r][i]);
    }
  }
  if (valid < kWide * n) {
    const auto there = hn::FirstN(d, static_cast<size_t>(valid - (kWide - 1) * n));
    const V none = hn::Set(d, std::numeric_limits<float>::lowest());
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) sums[r][kWide - 1] = hn::IfThenElse(there, sums[r][kWide - 1], none);
  }
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < kWide; ++i) {
      hn::Store(sums[r][i], d, scores + r * kBlock + i * n);
      highest[r] = hn::Max(highest[r], sums[r][i]);
    }
  }
}

/// As many vectors as `count` keys need, of one tile.
HWY_INLINE void score_some(const float* queries, const float* keys, int64_t channels, int64_t count,
                           float* scores, V (&highest)[kRows]) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const int64_t wide = std::min(kVectors, (count + n - 1) / n);
  if (wide == 1) return score_tile<1>(queries, keys, channels, count, scores, highest);
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
  if (wide == 2) return score_tile<2>(queries, keys, channels, count, scores, highest);
  if (wide == 3) return score_tile<3>(queries, keys, channels, count, scores, highest);
#endif
  score_tile<kVectors>(queries, keys, channels, count, scores, highest);
}

/// Scores become powers of two below their running maximum; returns in `decay` what earlier sums are worth.
HWY_INLINE void share(float* scores, int64_t count, const V (&highest)[kRows], float* largest, float* shares,
                      float (&decay)[kRows]) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < kRows; ++r, scores += kBlock) {
    const V most = hn::MaxOfLanes(d, hn::Max(highest[r], hn::Set(d, largest[r])));
    const V worth = power_of_two(d, hn::Sub(hn::Set(d, largest[r]), most));
    V sum = hn::Zero(d);
    for (int64_t key = 0; key < count; key += n) {
      const V p = power_of_two(d, hn::Sub(hn::Load(d, scores + key), most));
      hn::Store(p, d, scores + key);
      sum = hn::Add(sum, p);
    }
    largest[r] = hn::GetLane(most);
    decay[r] = hn::GetLane(worth);
    shares[r] = shares[r] * decay[r] + hn::GetLane(hn::SumOfLanes(d, sum));
  }
}

/// sums[query][channel] = sums * decay + shares values, for kVectors vectors of channels.
HWY_INLINE void mix_tile(const float* HWY_RESTRICT shares, const float* HWY_RESTRICT values, int64_t count,
                         const float (&decay)[kRows], float* HWY_RESTRICT sums) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  V rows[kRows][kVectors];
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i)
      rows[r][i] = hn::Mul(hn::Load(d, sums + r * kMostHeadChannels + i * n), hn::Set(d, decay[r]));
  for (int64_t key = 0; key < count; ++key, values += kMostHeadChannels) {
    V row[kVectors];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i) row[i] = hn::Load(d, values + i * n);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) {
      const V factor = hn::Set(d, shares[r * kBlock + key]);
#pragma GCC unroll 8
      for (int64_t i = 0; i < kVectors; ++i) rows[r][i] = hn::MulAdd(factor, row[i], rows[r][i]);
    }
  }
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i) hn::Store(rows[r][i], d, sums + r * kMostHeadChannels + i * n);
}

void write_results(const AttentionScratch<float>& s, int64_t first, int64_t count,
                   const HeadRows<float>& out) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < count; ++i) {
    const float *sums = s.sums + i * kMostHeadChannels, scale = result_scale(s.largest[i], s.shares[i]);
    float* row = out.data + (first + i) * out.stride;
    const V by = hn::Set(d, scale);
    int64_t c = 0;
    for (; c + n <= out.channels; c += n) hn::StoreU(hn::Mul(hn::Load(d, sums + c), by), d, row + c);
    for (; c < out.channels; ++c) row[c] = sums[c] * scale;
  }
}

void attention_here(const HeadRows<const float>& q, int64_t first, int64_t count, const RowSteps& steps,
                    const PackedHead<float>& packed, int64_t keys, const HeadRows<float>& out, void* memory) {
  const AttentionScratch<float> s(memory);
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  const int64_t groups = start(s, q, first, count, steps), width = kVectors * n;
  for (int64_t block = 0; block < keys; block += kBlock) {
    const int64_t here = std::min(kBlock, keys - block);
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t at = group * kRows;
      V highest[kRows];
      for (V& h : highest) h = hn::Set(d, std::numeric_limits<float>::lowest());
      for (int64_t key = 0; key < here; key += width)
        score_some(s.queries + at * kMostHeadChannels,
                   packed.keys + (block + key) / kPanel * kPanel * kMostHeadChannels + key % kPanel,
                   q.channels, here - key, s.scores + key, highest);
      float decay[kRows];
      share(s.scores, here, highest, s.largest + at, s.shares + at, decay);
      for (int64_t c = 0; c < q.channels; c += width)
        mix_tile(s.scores, packed.values + block * kMostHeadChannels + c, here, decay,
                 s.sums + at * kMostHeadChannels + c);
    }
  }
  write_results(s, first, count, out);
}

}  // namespace
}  // namespace da3::cpu::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace da3::cpu::simd {

HWY_EXPORT(attention_here);

size_t attention_scratch() {
  return std::max(AttentionScratch<float>::bytes(), AttentionScratch<bfloat16>::bytes());
}

void pack_head(const HeadRows<const float>& k, const HeadRows<const float>& v, int64_t first, int64_t count,
               const RowSteps& key_steps, const PackedHead<float>& packed, void* scratch) {
  auto* rows = static_cast<float*>(scratch);
  for (int64_t at = first; at < first + count; at += kPanel) {
    const int64_t here = std::min(kPanel, first + count - at);
    prepare_rows(k, at, here, key_steps, rows);
    std::fill(rows + here * kMostHeadChannels, rows + kPanel * kMostHeadChannels, 0.0f);
    transpose_panel(rows, k.channels, packed.keys + at * kMostHeadChannels);
  }
  prepare_rows(v, first, count, {}, packed.values + first * kMostHeadChannels);
}

void attention(const HeadRows<const float>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<float>& packed, int64_t keys, const HeadRows<float>& out, void* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_here)(q, first, count, query_steps, packed, keys, out, scratch);
}

}  // namespace da3::cpu::simd
#endif
