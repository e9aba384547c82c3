// SPDX-License-Identifier: Apache-2.0
// Upstream's preprocessing of one image, in its order and its precision.
#pragma once

#include <da3/io/preprocess.hpp>

#include <string>
#include <vector>

namespace da3::io {

/// How one picture gets to its size: a resize to `bounded`, then a resize or a centre crop to `final_size`.
struct ResizePlan {
  struct Size {
    int64_t height = 0, width = 0;
    bool operator==(const Size&) const = default;
  };
  Size original, bounded, final_size;
  bool enlarges = false;  ///< original to bounded
  bool crop = false;
};

/// Throws Error(DA3_E_SHAPE) when a side would become 0 or the result too large; name is the picture's in the
/// sentence.
ResizePlan plan_resize(int64_t height, int64_t width, const PreprocessOptions& options,
                       const std::string& name);

/// Throws Error(DA3_E_BAD_VALUE).
void check_options(const PreprocessOptions& options);

/// Throws Error(DA3_E_INVALID) without images, or with another count of intrinsics that is not 0.
void check_counts(size_t images, size_t intrinsics);

/// The smallest height and width: what all views of a scene are cut to. Throws Error(DA3_E_SHAPE) for more
/// than 2^31 pixels in all.
ResizePlan::Size common_size(const std::vector<ResizePlan::Size>& sizes);

Image resize_image(const Image& image, const ResizePlan& plan);

Intrinsics resize_intrinsics(const Intrinsics& intrinsics, const ResizePlan& plan);

}  // namespace da3::io
