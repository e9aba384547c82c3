// SPDX-License-Identifier: Apache-2.0
// The sizes of a batch of scenes, read once from its images.
#pragma once

#include <ATen/core/Tensor.h>

#include "net/backbone.hpp"
#include "net/pyramid.hpp"

namespace da3::net {

struct SceneShape {
  int64_t scenes = 0, views = 0;  ///< views of each scene
  HeadGeometry size;              ///< of each view

  /// image: [B, S, H, W, 3], sides multiples of the patch.
  explicit SceneShape(const at::Tensor& image)
      : scenes(image.size(0)),
        views(image.size(1)),
        size{image.size(2) / kPatch, image.size(3) / kPatch, image.size(2), image.size(3)} {}

  /// [B*S, ...] -> [B, S, ...]; an undefined tensor stays undefined.
  at::Tensor by_scene(const at::Tensor& by_view) const {
    return by_view.defined() ? by_view.unflatten(0, {scenes, views}) : by_view;
  }
};

}  // namespace da3::net
