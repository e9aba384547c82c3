// SPDX-License-Identifier: Apache-2.0
// Which view of a scene the others are seen from. It becomes the first view of the network and is put back in
// every output.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace da3::net {

enum class ReferenceStrategy { saddle_balanced, saddle_sim_range, first, middle };

/// Throws Error(DA3_E_BAD_VALUE) for other names.
ReferenceStrategy reference_strategy(std::string_view name);

/// Index of each scene's reference view [B] (int64, on the device), from the class tokens [B, S, C].
at::Tensor select_reference(const at::Tensor& class_tokens, ReferenceStrategy strategy);

/// Permutations of the views, one per scene: x.gather with `order` puts the reference first, with `inverse`
/// puts it back.
struct ViewOrder {
  at::Tensor order, inverse;  ///< int64 [B, S]
};
ViewOrder reference_first(const at::Tensor& reference, int64_t views);

/// x [B, S, ...] with the views of scene b in the order permutation[b].
at::Tensor permute_views(const at::Tensor& x, const at::Tensor& permutation);

}  // namespace da3::net
