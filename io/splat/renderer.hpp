// SPDX-License-Identifier: Apache-2.0
// Pictures of 3D gaussians, on the CPU. Sorted by depth for the whole picture; then some thousands at a time
// are projected, put into lists of 16 x 16 tiles, and composited front to back, tiles side by side on
// threads. A tile through which no light comes any more gets none of the later ones. The answer does not
// depend on the number of threads.
#pragma once

#include <functional>
#include <memory>

#include "picture.hpp"
#include "project.hpp"
#include "workers.hpp"

namespace da3::splat {

/// Of one set of gaussians. Memory besides theirs: 16 bytes for each, and what a picture's size takes. One
/// thread at a time.
class Renderer {
 public:
  /// The gaussians must outlive it; harmonics of degree 0 to 4. At most 2^32 - 1.
  Renderer(const io::Gaussians& gaussians, int threads);
  ~Renderer();

  /// False: should_stop (may be empty; asked between rounds of gaussians) said so, and the picture is of no
  /// use.
  bool render(const Camera& camera, int32_t width, int32_t height, const std::function<bool()>& should_stop,
              Picture& picture);

 private:
  struct State;
  void find_seen(const View& view);
  size_t project_some(const View& view, size_t begin);
  bool all_full() const;

  const io::Gaussians& gaussians_;
  Workers workers_;
  std::unique_ptr<State> state_;
};

}  // namespace da3::splat
