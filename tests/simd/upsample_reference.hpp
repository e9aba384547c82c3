// SPDX-License-Identifier: Apache-2.0
// Bilinear upsampling with aligned corners, by its definition, in double.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpu/simd/upsample.hpp"

namespace da3::test {

inline double upsampled(const cpu::simd::UpsampledMaps& maps, int64_t view, int64_t y, int64_t x, int64_t c) {
  const auto place = [](int64_t at, int64_t from, int64_t to) {
    return to > 1 ? static_cast<double>(at * (from - 1)) / static_cast<double>(to - 1) : 0.0;
  };
  const double py = place(y, maps.from_height, maps.height), px = place(x, maps.from_width, maps.width);
  const auto iy = static_cast<int64_t>(py), ix = static_cast<int64_t>(px);
  const auto value = [&](int64_t row, int64_t column) {
    row = std::min(row, maps.from_height - 1), column = std::min(column, maps.from_width - 1);
    return double{
        maps.from[((view * maps.from_height + row) * maps.from_width + column) * maps.channels + c]};
  };
  const double dy = py - static_cast<double>(iy), dx = px - static_cast<double>(ix);
  double sum = (1 - dy) * ((1 - dx) * value(iy, ix) + dx * value(iy, ix + 1)) +
               dy * ((1 - dx) * value(iy + 1, ix) + dx * value(iy + 1, ix + 1));
  const int64_t half = maps.channels / 2;
  if (maps.grid_columns)
    sum += double{c < half ? maps.grid_columns[x * half + c] : maps.grid_rows[y * half + c - half]};
  return sum;
}

}  // namespace da3::test
