// SPDX-License-Identifier: Apache-2.0
// Layer normalisation of rows, alone or with the sum before it, in one pass over memory.
#pragma once

#include <cstdint>

namespace da3::cpu::simd {

struct NormParameters {
  const float *weight, *bias;  ///< [channels]
  float eps;
};

/// out[r] = norm of x[r], in float32 or rounded to bfloat16; rows of `channels` floats, x's `stride` apart,
/// out's contiguous. out may be x.
void layer_norm(const float* x, int64_t stride, int64_t rows, int64_t channels, const NormParameters& norm,
                float* out);
void layer_norm(const float* x, int64_t stride, int64_t rows, int64_t channels, const NormParameters& norm,
                uint16_t* out);

/// x[r] += delta[r], then out[r] = norm of x[r]; all rows contiguous. out may be delta.
void add_layer_norm(float* x, const float* delta, int64_t rows, int64_t channels, const NormParameters& norm,
                    float* out);
/// The same where delta and out are bfloat16 and delta is scaled by scale [channels] before it is added.
void add_layer_norm(float* x, const uint16_t* delta, const float* scale, int64_t rows, int64_t channels,
                    const NormParameters& norm, uint16_t* out);

/// x += delta, times scale.
void add_scaled(float* x, const uint16_t* delta, const float* scale, int64_t rows, int64_t channels);

}  // namespace da3::cpu::simd
