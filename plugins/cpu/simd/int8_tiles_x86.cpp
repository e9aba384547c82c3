// SPDX-License-Identifier: Apache-2.0
// Tiles of exact 8-bit products on x86. Highway 1.0.3 has no 8-bit dot products, so these are intrinsics,
// each function compiled for its own instructions alone.
#include "cpu/simd/int8_tiles.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <array>
#include <cstring>
#include <utility>

#define DA3_AVX512_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define DA3_AVX_VNNI __attribute__((target("avx2,avxvnni")))
#define DA3_AVX2 __attribute__((target("avx2")))

namespace da3::cpu::simd {

namespace {

constexpr int64_t kGroupBytes = kInt8Columns * kInt8Depth;

using Tile = void (*)(const int8_t*, int64_t, const int8_t*, int64_t, int32_t*);

/// The kernels of 1, 2, ... rows of a kind that has been written for a fixed number of rows.
template <template <int> class Kind, int... kLess>
constexpr auto by_rows(std::integer_sequence<int, kLess...>) {
  return std::array<Tile, sizeof...(kLess)>{Kind<kLess + 1>::tile...};
}

template <template <int> class Kind, int kMost>
void any_rows(const int8_t* rows, int64_t stride, int64_t count, const int8_t* panel, int64_t groups,
              int32_t* sums) {
  static constexpr auto tiles = by_rows<Kind>(std::make_integer_sequence<int, kMost>());
  tiles[static_cast<size_t>(count - 1)](rows, stride, panel, groups, sums);
}

inline int32_t four(const int8_t* at) {
  int32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

/// Four products and their sum to a lane in one instruction, unsigned weights by signed rows; 16 columns a
/// register.
template <int kRows>
struct Avx512Vnni {
  DA3_AVX512_VNNI static void tile(const int8_t* rows, int64_t stride, const int8_t* panel, int64_t groups,
                                   int32_t* sums) {
    __m512i left[kRows], right[kRows];
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) left[r] = right[r] = _mm512_setzero_si512();
    for (int64_t g = 0; g < groups; ++g, rows += kInt8Depth, panel += kGroupBytes) {
      const __m512i first = _mm512_loadu_si512(panel), second = _mm512_loadu_si512(panel + 64);
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const __m512i row = _mm512_set1_epi32(four(rows + r * stride));
        left[r] = _mm512_dpbusd_epi32(left[r], first, row);
        right[r] = _mm512_dpbusd_epi32(right[r], second, row);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      _mm512_storeu_si512(sums + r * kInt8Columns, left[r]);
      _mm512_storeu_si512(sums + r * kInt8Columns + 16, right[r]);
    }
  }
};

DA3_AVX2 inline __m256i load(const int8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
DA3_AVX2 inline void store(int32_t* at, __m256i x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), x); }

/// The same in 16 registers of 8 columns: half of the panel at a time.
template <int kRows>
struct AvxVnni {
  DA3_AVX_VNNI static void tile(const int8_t* rows, int64_t stride, const int8_t* panel, int64_t groups,
                                int32_t* sums) {
    for (int half = 0; half < 2; ++half, panel += kGroupBytes / 2, sums += kInt8Columns / 2) {
      __m256i left[kRows], right[kRows];
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) left[r] = right[r] = _mm256_setzero_si256();
      for (int64_t g = 0; g < groups; ++g) {
        const __m256i first = load(panel + g * kGroupBytes), second = load(panel + g * kGroupBytes + 32);
#pragma GCC unroll 6
        for (int r = 0; r < kRows; ++r) {
          const __m256i row = _mm256_set1_epi32(four(rows + r * stride + g * kInt8Depth));
          left[r] = _mm256_dpbusd_avx_epi32(left[r], first, row);
          right[r] = _mm256_dpbusd_avx_epi32(right[r], second, row);
        }
      }
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r)
        store(sums + r * kInt8Columns, left[r]), store(sums + r * kInt8Columns + 8, right[r]);
    }
  }
};

/// The sum of four products to a lane. Weights bring their magnitudes and rows the signs, since one side must
/// be unsigned; the sums of two products, at most 2 * 127 * 127 = 32258, fit into 16 bits.
DA3_AVX2 inline __m256i add_products(__m256i sum, __m256i magnitudes, __m256i weights, __m256i row) {
  const __m256i pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(row, weights));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

template <int kRows>
struct Avx2 {
  DA3_AVX2 static void tile(const int8_t* rows, int64_t stride, const int8_t* panel, int64_t groups,
                            int32_t* sums) {
    for (int half = 0; half < 2; ++half, panel += kGroupBytes / 2, sums += kInt8Columns / 2) {
      __m256i left[kRows], right[kRows];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) left[r] = right[r] = _mm256_setzero_si256();
      for (int64_t g = 0; g < groups; ++g) {
        const __m256i first = load(panel + g * kGroupBytes), second = load(panel + g * kGroupBytes + 32);
        const __m256i large_first = _mm256_abs_epi8(first), large_second = _mm256_abs_epi8(second);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const __m256i row = _mm256_set1_epi32(four(rows + r * stride + g * kInt8Depth));
          left[r] = add_products(left[r], large_first, first, row);
          right[r] = add_products(right[r], large_second, second, row);
        }
      }
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r)
        store(sums + r * kInt8Columns, left[r]), store(sums + r * kInt8Columns + 8, right[r]);
    }
  }
};

/// AVX-VNNI, which compilers' own checks do not all know; the registers are checked with AVX2.
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) != 0;
}

}  // namespace

const Int8Products* avx512_vnni_products() {
  static constexpr Int8Products products{"avx512_vnni", 128, 12, any_rows<Avx512Vnni, 12>};
  const bool here = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512vnni");
  return here ? &products : nullptr;
}

const Int8Products* avx_vnni_products() {
  static constexpr Int8Products products{"avx_vnni", 128, 6, any_rows<AvxVnni, 6>};
  return has_avx_vnni() ? &products : nullptr;
}

const Int8Products* avx2_products() {
  static constexpr Int8Products products{"avx2", 0, 4, any_rows<Avx2, 4>};
  return __builtin_cpu_supports("avx2") ? &products : nullptr;
}

}  // namespace da3::cpu::simd

#else

namespace da3::cpu::simd {

const Int8Products* avx512_vnni_products() { return nullptr; }
const Int8Products* avx_vnni_products() { return nullptr; }
const Int8Products* avx2_products() { return nullptr; }

}  // namespace da3::cpu::simd

#endif
