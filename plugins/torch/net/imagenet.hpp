// SPDX-License-Identifier: Apache-2.0
// Mean and deviation of ImageNet's colours in [0, 1], red, green, blue: what every network of the family
// normalises its pixels with.
#pragma once

#include <ATen/ops/tensor.h>

namespace da3::net {

inline at::Tensor imagenet_mean(at::ScalarType type) { return at::tensor({0.485, 0.456, 0.406}, type); }
inline at::Tensor imagenet_deviation(at::ScalarType type) { return at::tensor({0.229, 0.224, 0.225}, type); }

}  // namespace da3::net
