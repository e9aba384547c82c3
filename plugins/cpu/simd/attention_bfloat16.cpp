// SPDX-License-Identifier: Apache-2.0
// Attention whose products are AVX512_BF16's: pairs of bfloat16 multiplied and summed in float32. Highway
// knows no target with it, so these are the instructions themselves. Pairs are channels of queries and keys
// in the scores, keys in the results; else everything lies as in float32.
#include "cpu/simd/attention.hpp"

#include <algorithm>
#include <limits>

#include "cpu/simd/attention_scratch.hpp"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <hwy/highway.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of GCC 12's own undefined vectors in the header
#endif
#include <immintrin.h>

HWY_PUSH_ATTRIBUTES("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16")
namespace da3::cpu::simd {
namespace {

constexpr int64_t kRows = kQueryGroup, kWide = 4, kLanes = 16;
constexpr int64_t kRowWords = kMostHeadChannels / 2;

HWY_INLINE __m512 add_products(__m512 sum, __m512i a, __m512i b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}

/// Sixteen floats of x, rounded, to `to`.
HWY_INLINE void narrow(__m512 x, bfloat16* to) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}

/// kVectors vectors of words of `steps` steps; a broadcasts words of rows `stride` apart.
template <int64_t kVectors>
HWY_INLINE void multiply(const uint32_t* a, int64_t stride, const uint32_t* b, int64_t steps,
                         __m512 (&sums)[kRows][kVectors]) {
  for (int64_t s = 0; s < steps; ++s, b += kPanel) {
    __m512i row[kVectors];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i) row[i] = _mm512_load_si512(b + i * kLanes);
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r) {
      const __m512i factor = _mm512_set1_epi32(static_cast<int>(a[r * stride + s]));
#pragma GCC unroll 8
      for (int64_t i = 0; i < kVectors; ++i) sums[r][i] = add_products(sums[r][i], factor, row[i]);
    }
  }
}

template <int64_t kVectors>
HWY_INLINE void score_tile(const uint32_t* queries, const uint32_t* keys, int64_t words, int64_t valid,
                           float* scores, __m512 (&highest)[kRows]) {
  __m512 sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i) sums[r][i] = _mm512_setzero_ps();
  multiply(queries, kRowWords, keys, words, sums);
  if (valid < kVectors * kLanes) {
    const auto missing = static_cast<__mmask16>(0xffffu << (valid - (kVectors - 1) * kLanes));
    const __m512 none = _mm512_set1_ps(std::numeric_limits<float>::lowest());
#pragma GCC unroll 8
    for (int64_t r = 0; r < kRows; ++r)
      sums[r][kVectors - 1] = _mm512_mask_mov_ps(sums[r][kVectors - 1], missing, none);
  }
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < kVectors; ++i) {
      _mm512_store_ps(scores + r * kBlock + i * kLanes, sums[r][i]);
      highest[r] = _mm512_max_ps(highest[r], sums[r][i]);
    }
  }
}

HWY_INLINE void score_some(const uint32_t* queries, const uint32_t* keys, int64_t words, int64_t count,
                           float* scores, __m512 (&highest)[kRows]) {
  switch (std::min(kWide, (count + kLanes - 1) / kLanes)) {
    case 1:
      return score_tile<1>(queries, keys, words, count, scores, highest);
    case 2:
      return score_tile<2>(queries, keys, words, count, scores, highest);
    case 3:
      return score_tile<3>(queries, keys, words, count, scores, highest);
    default:
      return score_tile<kWide>(queries, keys, words, count, scores, highest);
  }
}

/// 2^x to 7e-6, which is far below what bfloat16 holds; 0 for -infinity, NaN stays.
HWY_INLINE __m512 power_of_two(__m512 x) {
  constexpr int nearest = 0;
  const __m512 rest = _mm512_reduce_ps(x, nearest), whole = _mm512_sub_ps(x, rest);
  __m512 p = _mm512_set1_ps(9.6567102885e-3f);
  p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(5.5838282946e-2f));
  p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(2.4022530097e-1f));
  p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(6.9313673388e-1f));
  p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, whole);
}

/// Scores become powers of two below their running maximum, in bfloat16; their sums are of the unrounded
/// ones.
HWY_INLINE void share(const float* scores, int64_t count, const __m512 (&highest)[kRows], float* largest,
                      float* shares, float (&decay)[kRows], bfloat16* probabilities) {
  for (int64_t r = 0; r < kRows; ++r, scores += kBlock, probabilities += kBlock) {
    const float most = std::max(largest[r], _mm512_reduce_max_ps(highest[r]));
    const __m512 top = _mm512_set1_ps(most);
    __m512 sum = _mm512_setzero_ps();
    for (int64_t key = 0; key < count; key += kLanes) {
      const __m512 p = power_of_two(_mm512_sub_ps(_mm512_load_ps(scores + key), top));
      narrow(p, probabilities + key);
      sum = _mm512_add_ps(sum, p);
    }
    decay[r] = _mm512_cvtss_f32(power_of_two(_mm512_sub_ps(_mm512_set1_ps(largest[r]), top)));
    largest[r] = most;
    shares[r] = shares[r] * decay[r] + _mm512_reduce_add_ps(sum);
  }
}

HWY_INLINE void mix(const uint32_t* probabilities, const uint32_t* values, int64_t count,
                    const float (&decay)[kRows], float* sums) {
  __m512 rows[kRows][kWide];
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kWide; ++i)
      rows[r][i] =
          _mm512_mul_ps(_mm512_load_ps(sums + r * kMostHeadChannels + i * kLanes), _mm512_set1_ps(decay[r]));
  multiply(probabilities, kBlock / 2, values, (count + 1) / 2, rows);
#pragma GCC unroll 8
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int64_t i = 0; i < kWide; ++i)
      _mm512_store_ps(sums + r * kMostHeadChannels + i * kLanes, rows[r][i]);
}

/// In place: rows of bfloat16 follow each other without a gap.
void narrow_rows(const float* rows, int64_t count, bfloat16* to) {
  for (int64_t i = 0; i < count * kMostHeadChannels; i += kLanes) narrow(_mm512_load_ps(rows + i), to + i);
}

HWY_INLINE void store(__m512 x, bfloat16* to) { narrow(x, to); }
HWY_INLINE void store(__m512 x, float* to) { _mm512_storeu_ps(to, x); }

template <class Row>
void write_results(const AttentionScratch<bfloat16>& s, int64_t first, int64_t count,
                   const HeadRows<Row>& out) {
  for (int64_t i = 0; i < count; ++i) {
    const __m512 by = _mm512_set1_ps(result_scale(s.largest[i], s.shares[i]));
    alignas(64) Row row[kMostHeadChannels];
    for (int64_t c = 0; c < kMostHeadChannels; c += kLanes)
      store(_mm512_mul_ps(_mm512_load_ps(s.sums + i * kMostHeadChannels + c), by), row + c);
    std::copy_n(row, out.channels, out.data + (first + i) * out.stride);
  }
}

/// A pair of rows of values, interleaved; the second is zeros behind the last key.
void pack_values(const HeadRows<const bfloat16>& v, int64_t first, int64_t count, bfloat16* to) {
  for (int64_t i = 0; i < count; i += 2, to += 2 * kMostHeadChannels) {
    const bfloat16* row = v.data + (first + i) * v.stride;
    const bool pair = i + 1 < count;
    for (int64_t c = 0; c < kMostHeadChannels; ++c) {
      to[2 * c] = c < v.channels ? row[c] : bfloat16{0};
      to[2 * c + 1] = pair && c < v.channels ? row[v.stride + c] : bfloat16{0};
    }
  }
}

/// The same of floats, kPanel of them at a time rounded in `rows`.
void pack_values(const HeadRows<const float>& v, int64_t first, int64_t count, float* rows, bfloat16* to) {
  for (int64_t at = 0; at < count; at += kPanel, to += kPanel * kMostHeadChannels) {
    const int64_t here = std::min(kPanel, count - at);
    prepare_rows(v, first + at, here, {}, rows);
    auto* halves = reinterpret_cast<bfloat16*>(rows);
    narrow_rows(rows, here, halves);
    pack_values(HeadRows<const bfloat16>{halves, kMostHeadChannels, kMostHeadChannels}, 0, here, to);
  }
}
void pack_values(const HeadRows<const bfloat16>& v, int64_t first, int64_t count, float*, bfloat16* to) {
  pack_values(v, first, count, to);
}

const uint32_t* words(const bfloat16* halves) { return reinterpret_cast<const uint32_t*>(halves); }

template <class Row>
void pack(const HeadRows<const Row>& k, const HeadRows<const Row>& v, int64_t first, int64_t count,
          const RowSteps& key_steps, const PackedHead<bfloat16>& packed, void* scratch) {
  auto* rows = static_cast<float*>(scratch);
  constexpr int64_t panel_words = kPanel * kRowWords;
  float* padded = rows + kPanel * kMostHeadChannels;
  for (int64_t at = first; at < first + count; at += kPanel) {
    const int64_t here = std::min(kPanel, first + count - at);
    prepare_rows(k, at, here, key_steps, rows);
    std::fill(rows + here * kMostHeadChannels, rows + kPanel * kMostHeadChannels, 0.0f);
    for (int64_t r = 0; r < kPanel; ++r)  // rows of words, as far apart as rows of floats
      narrow_rows(rows + r * kMostHeadChannels, 1,
                  reinterpret_cast<bfloat16*>(padded + r * kMostHeadChannels));
    transpose_panel(padded, k.channels / 2,
                    reinterpret_cast<float*>(packed.keys) + at / kPanel * panel_words);
  }
  pack_values(v, first, count, rows, packed.values + first * kMostHeadChannels);
}

template <class Row>
void attend(const HeadRows<const Row>& q, int64_t first, int64_t count, const RowSteps& query_steps,
            const PackedHead<bfloat16>& packed, int64_t keys, const HeadRows<Row>& out, void* memory) {
  const AttentionScratch<bfloat16> s(memory);
  const int64_t groups = start(s, q, first, count, query_steps);
  narrow_rows(s.rows, groups * kRows, s.queries);
  for (int64_t block = 0; block < keys; block += kBlock) {
    const int64_t here = std::min(kBlock, keys - block);
    for (int64_t at = 0; at < groups * kRows; at += kRows) {
      __m512 highest[kRows];
      for (__m512& h : highest) h = _mm512_set1_ps(std::numeric_limits<float>::lowest());
      for (int64_t key = 0; key < here; key += kPanel)
        score_some(words(s.queries + at * kMostHeadChannels),
                   words(packed.keys + (block + key) * kMostHeadChannels), q.channels / 2, here - key,
                   s.scores + key, highest);
      float decay[kRows];
      share(s.scores, here, highest, s.largest + at, s.shares + at, decay, s.probabilities);
      mix(words(s.probabilities), words(packed.values + block * kMostHeadChannels), here, decay,
          s.sums + at * kMostHeadChannels);
    }
  }
  write_results(s, first, count, out);
}

}  // namespace

bool has_bfloat16_attention() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

void pack_head(const HeadRows<const bfloat16>& k, const HeadRows<const bfloat16>& v, int64_t first,
               int64_t count, const RowSteps& key_steps, const PackedHead<bfloat16>& packed, void* scratch) {
  pack(k, v, first, count, key_steps, packed, scratch);
}

void pack_head(const HeadRows<const float>& k, const HeadRows<const float>& v, int64_t first, int64_t count,
               const RowSteps& key_steps, const PackedHead<bfloat16>& packed, void* scratch) {
  pack(k, v, first, count, key_steps, packed, scratch);
}

void attention(const HeadRows<const bfloat16>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<bfloat16>& packed, int64_t keys, const HeadRows<bfloat16>& out,
               void* scratch) {
  attend(q, first, count, query_steps, packed, keys, out, scratch);
}

void attention(const HeadRows<const float>& q, int64_t first, int64_t count, const RowSteps& query_steps,
               const PackedHead<bfloat16>& packed, int64_t keys, const HeadRows<float>& out, void* scratch) {
  attend(q, first, count, query_steps, packed, keys, out, scratch);
}

}  // namespace da3::cpu::simd
HWY_POP_ATTRIBUTES
#else
#include <cstdlib>

namespace da3::cpu::simd {

bool has_bfloat16_attention() { return false; }
void pack_head(const HeadRows<const bfloat16>&, const HeadRows<const bfloat16>&, int64_t, int64_t,
               const RowSteps&, const PackedHead<bfloat16>&, void*) {
  std::abort();
}
void pack_head(const HeadRows<const float>&, const HeadRows<const float>&, int64_t, int64_t, const RowSteps&,
               const PackedHead<bfloat16>&, void*) {
  std::abort();
}
void attention(const HeadRows<const bfloat16>&, int64_t, int64_t, const RowSteps&,
               const PackedHead<bfloat16>&, int64_t, const HeadRows<bfloat16>&, void*) {
  std::abort();
}
void attention(const HeadRows<const float>&, int64_t, int64_t, const RowSteps&, const PackedHead<bfloat16>&,
               int64_t, const HeadRows<float>&, void*) {
  std::abort();
}

}  // namespace da3::cpu::simd
#endif
