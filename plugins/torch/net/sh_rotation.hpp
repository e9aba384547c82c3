// SPDX-License-Identifier: Apache-2.0
// Turning real spherical harmonics: the coefficients of a function on the sphere after the sphere was turned.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace da3::net {

using Matrix3 = std::array<std::array<double, 3>, 3>;  ///< rows

/// Block-diagonal matrix [(degree+1)^2, (degree+1)^2], row major, that turns coefficients ordered by band and
/// then by m = -l ... l, in the axes of 3D gaussian splatting. Recurrence of Ivanic and Ruedenberg (J. Phys.
/// Chem. 1996, 100, 6342; correction 1998, 102, 9099).
std::vector<double> sh_rotation(const Matrix3& rotation, int64_t degree);

}  // namespace da3::net
