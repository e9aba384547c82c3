// SPDX-License-Identifier: Apache-2.0
// What the files of Winograd's convolution share, whatever the instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/simd/winograd.hpp"

namespace da3::cpu::simd {

// Interpolation at 0, +-a, +-b and infinity. These have few digits, so that the transforms' factors are
// exact; their largest error measured 0.4 to 0.6 of that of 1 and 2 (64, 128 and 256 channels).
constexpr float kWinogradA = 0.625f, kWinogradB = 1.5f;

constexpr int64_t kWidestPanel = 2 * 16;
constexpr int64_t kTilesTogether = 12;  ///< that a product works on, at most

/// Where a block of tiles lies in the scratch memory while it is worked on.
struct WinogradScratch {
  float* zeros;             ///< [in]
  float* inputs;            ///< [frequency][tile][in]
  float* sums;              ///< [frequency][tile][panel]
  int64_t input_frequency;  ///< floats from a frequency to the next: never a multiple of what a cache's
  int64_t sum_frequency;    ///< addresses repeat with

  WinogradScratch(float* memory, int64_t in, int64_t tiles) {
    constexpr int64_t line = 16;
    tiles = (tiles + kTilesTogether - 1) / kTilesTogether * kTilesTogether;
    input_frequency = tiles * in + line;
    sum_frequency = tiles * kWidestPanel + line;
    zeros = memory;
    inputs = zeros + in;
    sums = inputs + kWinogradFrequencies * input_frequency;
  }
  float* end() const { return sums + kWinogradFrequencies * sum_frequency; }
};

/// Likewise of a strip of an upsampled map.
struct StripScratch {
  float* memory;
  WinogradScratch steps;
  float* inputs;  ///< [6][4 tiles + 2][in]: the strip, with a border
  int64_t in, tiles;

  StripScratch(float* place, int64_t channels, int64_t most_tiles)
      : memory(place),
        steps(place, channels, most_tiles),
        inputs(steps.end()),
        in(channels),
        tiles(most_tiles) {}
  float* end() const { return inputs + 6 * (kWinogradTile * tiles + 2) * in; }
  size_t floats() const { return static_cast<size_t>(end() - memory); }
};

}  // namespace da3::cpu::simd
