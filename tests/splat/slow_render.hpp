// SPDX-License-Identifier: Apache-2.0
// The same picture by the plain formulas, in double: every gaussian for every pixel, without tiles or bounds.
#pragma once

#include <vector>

#include "picture.hpp"
#include "project.hpp"

namespace da3::splat::test {

Picture slow_render(const io::Gaussians& gaussians, const Camera& camera, int width, int height);

/// 3D Gaussian Splatting's functions of bands 0 to 2, written out.
std::vector<double> plain_harmonics(double x, double y, double z);

}  // namespace da3::splat::test
