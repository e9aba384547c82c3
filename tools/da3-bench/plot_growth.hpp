// SPDX-License-Identifier: Apache-2.0
// How time and memory grow with views: lines over the number of views, both axes logarithmic, so that what
// grows in proportion has the slope of the grid.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace da3::bench {

/// SVG elements for the cases of a document that differ in their views alone, three numbers of views or more;
/// nothing where there are none. They begin below y, which is moved to their end.
std::string growth_svg(const nlohmann::ordered_json& cases, double& y);

}  // namespace da3::bench
