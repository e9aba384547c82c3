// SPDX-License-Identifier: Apache-2.0
// Intrinsics from one number that a person may know, and metres from a focal length.
#pragma once

#include <da3/io/preprocess.hpp>

#include <cstdint>
#include <span>

namespace da3::io {

/// Square pixels, principal point in the centre (width / 2, height / 2). focal_pixels refers to a picture of
/// height x width pixels, the file's own. Throws Error(DA3_E_BAD_VALUE) unless all three are positive and
/// finite.
Intrinsics intrinsics_from_focal(double focal_pixels, int64_t height, int64_t width);

/// The same from the horizontal field of view. Throws Error(DA3_E_BAD_VALUE) unless it is between 0 and 180
/// degrees.
Intrinsics intrinsics_from_fov(double horizontal_degrees, int64_t height, int64_t width);

/// da3metric gives metres at a focal length of 300 processed pixels: multiplies each view of depth [views,
/// height, width] by the mean of fx and fy over 300. processed: one per view, in pixels of height x width.
/// Throws Error: DA3_E_SHAPE for other lengths, DA3_E_BAD_VALUE (kind 2, index of the view) unless fx and fy
/// are positive and finite; then nothing has changed.
void depth_in_metres(std::span<float> depth, int64_t views, int64_t height, int64_t width,
                     std::span<const Intrinsics> processed);

}  // namespace da3::io
