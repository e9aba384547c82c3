// SPDX-License-Identifier: Apache-2.0
// Convolutions of the heads by simd/winograd.hpp, spread over the threads.
#pragma once

#include "cpu/simd/upsample.hpp"
#include "net/kernels.hpp"

namespace da3::cpu {

/// Whether Winograd's kernel is the faster one: decided by the layer alone, so that its weight is kept once.
bool winograd_pays(const net::Convolution& layer);

/// The layer's weight [out, in, 3, 3], transformed: [36, in, out] in an order of its own.
at::Tensor winograd_weight(const net::Convolution& layer);

/// Whether the layer's weight is such a one.
inline bool is_winograd(const net::Convolution& layer) { return layer.weight.dim() == 3; }

struct WinogradSteps {
  bool relu_before = false, relu_after = false;
  at::Tensor residual = {};  ///< added last, of the result's shape; undefined: none
};
/// x [V, in, H, W] -> [V, out, H, W] in channels-last memory, float32. The bits of an output depend on its
/// own inputs alone.
at::Tensor winograd_convolution(const at::Tensor& x, const net::Convolution& layer,
                                const WinogradSteps& steps);

/// The same of maps as they are read: `views` images with as many channels as the layer reads.
at::Tensor winograd_of_upsampled(const simd::UpsampledMaps& maps, int64_t views,
                                 const net::Convolution& layer);

/// net::Kernels::full_size_logits of one branch: maps are `views` images with as many channels as hidden
/// reads; weight [out, hidden's out] and bias [out] (or undefined) of the linear. -> [V, height, width, out],
/// planes.
at::Tensor winograd_full_size(const simd::UpsampledMaps& maps, int64_t views, const net::Convolution& hidden,
                              const at::Tensor& weight, const at::Tensor& bias);

}  // namespace da3::cpu
