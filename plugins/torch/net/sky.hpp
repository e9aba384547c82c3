// SPDX-License-Identifier: Apache-2.0
// What the sky means for depth. Everything here is exact and per scene (upstream samples at random).
#pragma once

#include <ATen/core/Tensor.h>

namespace da3::net {

/// True where there is no sky.
at::Tensor ground_mask(const at::Tensor& sky);

/// The q-quantile of a flat tensor, linear between the two nearest values; one value or more.
at::Tensor quantile(const at::Tensor& values, double q);

/// Gives the sky of each scene the 99 % quantile of its other depths, in place. depth and sky are [B, S, H,
/// W]. A scene with at most ten pixels of either kind is left as it is.
void fill_sky_(at::Tensor& depth, const at::Tensor& sky);

}  // namespace da3::net
