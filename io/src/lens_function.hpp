// SPDX-License-Identifier: Apache-2.0
// distort() of one lens, for as many rays as a picture has pixels.
#pragma once

#include <da3/io/lens.hpp>

namespace da3::io {

/// parameters: the lens's.
using LensFunction = std::array<double, 2> (*)(const std::vector<double>& parameters,
                                               std::array<double, 2> ray);

/// The ray itself for a pinhole. Throws Error as distort.
LensFunction lens_function(const Lens& lens);

}  // namespace da3::io
