// SPDX-License-Identifier: Apache-2.0
// 3x3 convolutions (stride 1, zero padding 1) by Winograd's minimal filtering F(4x4, 3x3): 36 products for 16
// outputs where the sum itself takes 144 (https://arxiv.org/abs/1509.09308). float32, maps in channels-last
// memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace da3::cpu::simd {

constexpr int64_t kWinogradTile = 4;          ///< a tile is 4 x 4 outputs
constexpr int64_t kWinogradFrequencies = 36;  ///< products of a tile, for each pair of channels

struct WinogradLayer {
  int64_t in, out;      ///< channels that fit_winograd
  const float* weight;  ///< as winograd_pack wrote it for this CPU
  const float* bias;    ///< [out], or NULL
};

/// Whether the kernels below do a convolution of so many channels.
bool fit_winograd(int64_t in, int64_t out);

/// Output channels that one call of winograd_pack brings in order; a divisor of any `out` that fits. Depends
/// on the CPU.
int64_t winograd_panel();

/// Transforms, in double, the filters of the outputs [first, first + winograd_panel()), first a multiple of
/// that. weight: [out, 3, 3, in]; packed: kWinogradFrequencies * in * out floats, aligned to 64 bytes, of
/// which it writes the panel's.
void winograd_pack(const float* weight, int64_t in, int64_t first, float* packed);

/// A convolution's images, [views, height, width, channels] each.
struct WinogradMaps {
  const float* from;
  float* to;
  int64_t height, width;
  bool relu_before, relu_after;  ///< NaN stays
  const float* residual;         ///< added to the result (after its activation), or NULL; may be `to`
};

inline int64_t winograd_tiles(int64_t pixels) { return (pixels + kWinogradTile - 1) / kWinogradTile; }

/// Tiles that are best given to one call together; never more. A multiple of kWinogradTileStep.
int64_t winograd_tiles_at_a_time(int64_t in);
constexpr int64_t kWinogradTileStep = 6;

/// Floats of scratch memory, aligned to 64 bytes, that a call needs.
size_t winograd_scratch(int64_t in);

/// The tiles [first, first + count) of all views' tiles, row by row. A tile's bits depend on its own 6 x 6
/// inputs alone; a NaN or an infinity among them makes NaN of any output of the tile.
void winograd(const WinogradLayer& layer, const WinogradMaps& maps, int64_t first, int64_t count,
              float* scratch);

}  // namespace da3::cpu::simd
