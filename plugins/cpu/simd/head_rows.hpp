// SPDX-License-Identifier: Apache-2.0
// The queries or keys of one attention head, made ready to be compared: normalised and turned.
#pragma once

#include <cstdint>

namespace da3::cpu::simd {

/// The bits of one.
using bfloat16 = uint16_t;

/// The matrix [tokens, channels] of one head; channels are contiguous, rows `stride` elements apart.
template <class T>
struct HeadRows {
  T* data;
  int64_t stride, channels;
};

/// The most channels of a head, which must also be a multiple of kHeadChannelStep.
constexpr int64_t kMostHeadChannels = 64, kHeadChannelStep = 8;

/// What is done to a row, in this order; each may be left out.
struct RowSteps {
  const float *weight = nullptr, *bias = nullptr;  ///< [channels] of a layer norm
  float eps = 0;
  /// Cosines and sines [2 axes][channels / 4] of each period-th token from 0 on, `rotation_stride` floats
  /// apart.
  const float *cos = nullptr, *sin = nullptr;
  int64_t period = 1, rotation_stride = 0;
  float scale = 1;
};

/// to[i] = row `first + i`, kMostHeadChannels floats apart, zeros behind its channels.
void prepare_rows(const HeadRows<const float>& rows, int64_t first, int64_t count, const RowSteps& steps,
                  float* to);
void prepare_rows(const HeadRows<const bfloat16>& rows, int64_t first, int64_t count, const RowSteps& steps,
                  float* to);

/// Keys are packed in panels of so many.
constexpr int64_t kPanel = 64;

/// to[column][row] = rows[row][column] of 32-bit words; kPanel rows, kMostHeadChannels words apart; columns a
/// multiple of 4.
void transpose_panel(const float* rows, int64_t columns, float* to);

}  // namespace da3::cpu::simd
