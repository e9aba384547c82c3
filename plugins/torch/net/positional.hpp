// SPDX-License-Identifier: Apache-2.0
// Positional embeddings that depend on the geometry alone, computed once per geometry.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace da3::net {

/// The stored embedding [1, 1 + side*side, C] resampled (bicubic) to rows x columns patches, float32, on the
/// CPU: [1 + rows*columns, C], row 0 for the class token. At side x side it is returned as stored.
at::Tensor resample_position_embedding(const at::Tensor& stored, int64_t rows, int64_t columns);

/// Sinusoidal embedding of a feature map's normalised coordinates, scaled by 0.1. It is separable: the first
/// half of the channels depends on the column alone, the second on the row alone.
struct GridEmbedding {
  at::Tensor columns;  ///< [1, 1, W, C/2]
  at::Tensor rows;     ///< [1, H, 1, C/2]
};

/// aspect: width / height of the image in pixels (not of the map).
GridEmbedding grid_embedding(int64_t height, int64_t width, int64_t channels, double aspect,
                             at::Device device);

/// Adds the embedding to x [V, H, W, C] in place.
void add_grid_(at::Tensor& x, const GridEmbedding& embedding);

}  // namespace da3::net
