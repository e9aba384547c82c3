// SPDX-License-Identifier: Apache-2.0
// The fused kernels on tensors: where the tensors are on a GPU they run there, on the host otherwise (slowly;
// for tests). Types in memory are float32, bfloat16 or float16.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/kernels.hpp"

namespace da3::cuda {

/// net::Kernels::qk_norm_rope; the result is in qkv's type.
net::QueriesKeys fused_qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                    const net::TokenRotation& rotation);

/// net::Kernels::add_layer_norm; the result is in delta's type.
at::Tensor fused_add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                                const net::Norm& norm);

/// net::Kernels::layer_norm_for of float32; the result is in the type that is asked for.
at::Tensor fused_layer_norm(const at::Tensor& x, const net::Norm& norm, at::ScalarType type);

/// net::Kernels::gate.
at::Tensor fused_gate(const at::Tensor& x);

/// net::Kernels::upsample_add_ and upsample_grid.
void fused_upsample_add_(at::Tensor& target, const at::Tensor& x);
at::Tensor fused_upsample_grid(const at::Tensor& x, int64_t height, int64_t width,
                               const net::GridEmbedding& grid);

/// Whether these tensors are laid out as the kernels read them; where not, ATen's steps do the work.
bool can_fuse_qk_norm_rope(const at::Tensor& qkv);
bool can_fuse_layer_norm(const at::Tensor& x, at::ScalarType type);
bool can_fuse_add_layer_norm(const at::Tensor& x, const at::Tensor& delta);
bool can_fuse_gate(const at::Tensor& x);
bool can_fuse_upsample(const at::Tensor& x, int64_t height, int64_t width);

}  // namespace da3::cuda
