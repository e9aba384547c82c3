// SPDX-License-Identifier: Apache-2.0
// Fused kernels of a transformer block, for device and host: QK-norm with rotation, residual with LayerNorm,
// SwiGLU's gate. Sums and everything between load and store are float32, whatever the types in memory.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cmath>

#include "cuda/kernels/lanes.hpp"

namespace da3::cuda {

struct Moments {
  float mean, inverse_deviation;
};

/// Of n values that value(i) gives; two passes, so that nothing cancels, the second of which also mends what
/// rounding did to the mean in the first.
template <class Lanes, class Value>
C10_HOST_DEVICE Moments moments(const Lanes& lanes, int64_t n, float eps, const Value& value) {
  float sum = 0;
  for (int64_t i = lanes.index(); i < n; i += lanes.count()) sum += value(i);
  const float mean = lanes.sum(sum) / static_cast<float>(n);
  float rest = 0, squares = 0;
  for (int64_t i = lanes.index(); i < n; i += lanes.count()) {
    const float off = value(i) - mean;
    rest += off;
    squares += off * off;
  }
  const float shift = lanes.sum(rest) / static_cast<float>(n);
  const float variance = lanes.sum(squares) / static_cast<float>(n) - shift * shift;
  return {mean + shift, 1.0f / sqrtf(variance + eps)};
}

/// Weight and bias of a LayerNorm, NULL for none.
struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
  float eps = 0;
};

/// Item: one head of one token's query or key. Normalises over the head's channels, then turns each pair of
/// channels (2-D rotary embedding: half of the channels by row, half by column; in each, channel f pairs with
/// f + d/4).
template <class T>
struct QkNormRope {
  const T* qkv;  ///< [sequences, tokens, 3, heads, d] contiguous
  T* out;        ///< [2 (query, key), sequences, tokens, heads, d] contiguous
  int64_t sequences, tokens, heads, d;
  NormWeights norm[2];  ///< query, key; of d channels
  const float* cos;     ///< [tokens or 1, 2, d/4], NULL: nothing turns
  const float* sin;
  int64_t turns_every;  ///< 1: every token, by its row of the tables; n > 1: each n-th token, by row 0

  C10_HOST_DEVICE int64_t items() const { return 2 * sequences * tokens * heads; }

  template <class Lanes>
  C10_HOST_DEVICE void operator()(int64_t item, const Lanes& lanes) const {
    Coordinates at(item);
    const int64_t head = at.next(heads), token = at.next(tokens), sequence = at.next(sequences);
    const int64_t side = at.rest();
    const T* in = qkv + (((sequence * tokens + token) * 3 + side) * heads + head) * d;
    T* to = out + item * d;
    const NormWeights weights = side == 0 ? norm[0] : norm[1];
    Moments by{0.0f, 1.0f};
    if (weights.weight)
      by = moments(lanes, d, weights.eps, [&](int64_t i) { return static_cast<float>(in[i]); });
    const auto value = [&](int64_t i) {
      const float x = static_cast<float>(in[i]);
      return weights.weight ? (x - by.mean) * by.inverse_deviation * weights.weight[i] + weights.bias[i] : x;
    };
    const bool turns = cos && Coordinates(token).next(turns_every) == 0;
    const int64_t quarter = d / 4, row = turns_every == 1 ? token * 2 * quarter : 0;
    for (int64_t pair = lanes.index(); pair < d / 2; pair += lanes.count()) {
      const int64_t first = pair < quarter ? pair : pair + quarter, second = first + quarter;
      const float a = value(first), b = value(second);
      const float c = turns ? cos[row + pair] : 1.0f, s = turns ? sin[row + pair] : 0.0f;
      to[first] = static_cast<T>(a * c - b * s);
      to[second] = static_cast<T>(b * c + a * s);
    }
  }
};

/// Item: one token. Adds delta, times a scale, to the residual stream and normalises the sum; or only
/// normalises.
template <class T>
struct AddLayerNorm {
  float* x;            ///< [tokens, channels], updated
  const T* delta;      ///< the same shape, or NULL: nothing is added
  const float* scale;  ///< [channels], or NULL
  T* out;              ///< [tokens, channels]
  int64_t tokens, channels;
  NormWeights norm;

  C10_HOST_DEVICE int64_t items() const { return tokens; }

  template <class Lanes>
  C10_HOST_DEVICE void operator()(int64_t item, const Lanes& lanes) const {
    float* row = x + item * channels;
    // Every lane reads again below what it wrote here itself, so no other lane need be waited for.
    if (delta)
      for (int64_t i = lanes.index(); i < channels; i += lanes.count())
        row[i] += static_cast<float>(delta[item * channels + i]) * (scale ? scale[i] : 1.0f);
    const Moments by = moments(lanes, channels, norm.eps, [&](int64_t i) { return row[i]; });
    T* to = out + item * channels;
    for (int64_t i = lanes.index(); i < channels; i += lanes.count())
      to[i] = static_cast<T>((row[i] - by.mean) * by.inverse_deviation * norm.weight[i] + norm.bias[i]);
  }
};

/// Item: one token. SwiGLU's gate.
template <class T>
struct Gate {
  const T* x;  ///< [tokens, 2 channels]
  T* out;      ///< [tokens, channels]
  int64_t tokens, channels;

  C10_HOST_DEVICE int64_t items() const { return tokens; }

  template <class Lanes>
  C10_HOST_DEVICE void operator()(int64_t item, const Lanes& lanes) const {
    const T* row = x + item * 2 * channels;
    for (int64_t i = lanes.index(); i < channels; i += lanes.count()) {
      const float a = static_cast<float>(row[i]), b = static_cast<float>(row[channels + i]);
      out[item * channels + i] = static_cast<T>(a / (1.0f + expf(-a)) * b);
    }
  }
};

}  // namespace da3::cuda
