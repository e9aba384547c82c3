// SPDX-License-Identifier: Apache-2.0
// Colours that depend on the direction they are seen from: real spherical harmonics, in the order and with
// the signs of 3D Gaussian Splatting (bands 0, 1 .. degree; within a band m from -l to l, with the
// Condon-Shortley phase).
#pragma once

#include <array>
#include <cstddef>

#include "camera.hpp"

namespace da3::splat {

inline constexpr size_t most_harmonics = 25;  ///< degree 4

/// The first `count` (1, 4, 9, 16 or 25) functions at a direction of unit length.
void harmonics_at(const Vec3& direction, size_t count, std::array<float, most_harmonics>& values);

}  // namespace da3::splat
