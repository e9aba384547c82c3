// SPDX-License-Identifier: Apache-2.0
// Deterministic weights: every value is a function of its tensor's name and its index alone, so that any
// machine makes the same checkpoint, bit for bit, without a download.
//
//   seed  = FNV-1a 64 of the tensor's name
//   h(i)  = splitmix64(seed + i * 0x9E3779B97F4A7C15), i the element's index in row-major order
//   u(i)  = (h(i) >> 40) / 2^23 - 1, in [-1, 1)
//   value = centre + scale * u(i), one float32 multiplication and one float32 addition
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace da3::weights {

struct Law {
  float centre = 0, scale = 1;
};

/// By the tensor's name and shape: norms around 1, matrices by their fan-in, output biases where depth comes
/// out sensible.
Law law(std::string_view name, const std::vector<int64_t>& shape);

/// Fills destination with elements begin to end of a float32 tensor. outliers: as trained DINOv2 backbones, a
/// few channels (13, 110, 207, ...) of the residual stream are from block 3 on some fifty times as large as
/// the others.
void fill(std::string_view name, const std::vector<int64_t>& shape, bool outliers, int64_t begin, int64_t end,
          float* destination);

}  // namespace da3::weights
