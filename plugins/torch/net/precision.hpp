// SPDX-License-Identifier: Apache-2.0
// In which arithmetic each part of a network computes. Low precision here is what mixed precision was when
// the networks were trained, not "everything in bfloat16": matrix products are low, all that adds up over the
// blocks (residual stream, norms, rotations, LayerScale) and all that is small but decisive (patch embedding,
// cameras, last convolution of a head) is float32. docs/precision.md has the table.
#pragma once

#include <ATen/core/Tensor.h>

namespace da3::net {

/// tf32: float32 tensors whose products see 10 bits of mantissa. Sums are float32 in every floating one.
/// int8: linears of the backbone alone, in integers between float32 and float32.
enum class Arithmetic { float32, tf32, bfloat16, float16, int8 };

/// The type that a layer's input is cast to, also the type of its result and of its weights (but for int8,
/// whose kernels bring weights into steps of their own in `prepare`).
constexpr at::ScalarType scalar_type(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::bfloat16:
      return at::kBFloat16;
    case Arithmetic::float16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

/// What a layer is for.
enum class Role {
  backbone,       ///< linears of the backbone's blocks, and attention (Kernels::attention_arithmetic)
  patch,          ///< patch embedding
  camera,         ///< camera encoder and decoder
  head,           ///< depth heads, all but their last convolution
  ray_branch,     ///< the part of the depth and ray head that only rays need
  gaussian_head,  ///< the same of the gaussians' head
  head_output,    ///< the last convolution of any head
};

/// The arithmetic of a network by role: the two that are chosen, the rest follows.
struct Precision {
  Arithmetic backbone = Arithmetic::float32, head = Arithmetic::float32;

  constexpr Arithmetic of(Role role) const {
    switch (role) {
      case Role::backbone:
        return backbone;
      case Role::head:
      case Role::ray_branch:
      case Role::gaussian_head:
        return head;
      default:
        return Arithmetic::float32;
    }
  }
};

/// The one cast of the networks: the same tensor where nothing is to be done.
inline at::Tensor in_type(const at::Tensor& x, at::ScalarType type) {
  return x.scalar_type() == type ? x : x.to(type);
}
inline at::Tensor in_float32(const at::Tensor& x) { return in_type(x, at::kFloat); }

}  // namespace da3::net
