// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling with aligned corners and an addition in one pass, channels-last, for device and host.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cuda/kernels/lanes.hpp"

namespace da3::cuda {

/// Where an output coordinate lies between two input ones.
struct Between {
  int64_t low, high;
  float share;  ///< of high
};

C10_HOST_DEVICE inline Between between(int64_t out, int64_t out_size, int64_t in_size) {
  const float step = out_size > 1 ? static_cast<float>(in_size - 1) / static_cast<float>(out_size - 1) : 0.0f;
  const float at = step * static_cast<float>(out);
  int64_t low = static_cast<int64_t>(at);
  if (low > in_size - 1) low = in_size - 1;
  return {low, low < in_size - 1 ? low + 1 : low, at - static_cast<float>(low)};
}

/// Item: one pixel of one view. Sums are float32.
template <class T>
struct UpsampleAdd {
  const T* in;  ///< [views, in_height, in_width, channels] contiguous
  T* out;       ///< [views, height, width, channels]
  int64_t views, in_height, in_width, height, width, channels;
  /// What is added: what is in out already, or an embedding whose first half of the channels is by column
  /// [width, channels/2] and whose second half is by row [height, channels/2].
  bool accumulate;
  const float* columns;
  const float* rows;

  C10_HOST_DEVICE int64_t items() const { return views * height * width; }

  template <class Lanes>
  C10_HOST_DEVICE void operator()(int64_t item, const Lanes& lanes) const {
    Coordinates at(item);
    const int64_t x = at.next(width), y = at.next(height), view = at.rest();
    const Between v = between(y, height, in_height), u = between(x, width, in_width);
    const T* top = in + (view * in_height + v.low) * in_width * channels;
    const T* bottom = in + (view * in_height + v.high) * in_width * channels;
    const int64_t left = u.low * channels, right = u.high * channels, half = channels / 2;
    T* to = out + item * channels;
    for (int64_t c = lanes.index(); c < channels; c += lanes.count()) {
      const float above =
          (1.0f - u.share) * static_cast<float>(top[left + c]) + u.share * static_cast<float>(top[right + c]);
      const float below = (1.0f - u.share) * static_cast<float>(bottom[left + c]) +
                          u.share * static_cast<float>(bottom[right + c]);
      float value = (1.0f - v.share) * above + v.share * below;
      if (accumulate) value += static_cast<float>(to[c]);
      if (columns) value += c < half ? columns[x * half + c] : rows[y * half + c - half];
      to[c] = static_cast<T>(value);
    }
  }
};

}  // namespace da3::cuda
