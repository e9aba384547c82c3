// SPDX-License-Identifier: Apache-2.0
// A document as one picture: self-contained SVG, for pages and reports.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace da3::bench {

/// Bars of the stages' medians, one for each case, with ticks from the fastest to the 99 % slowest run; where
/// the document has "scaling", the efficiency over threads below; where cases differ in their views alone,
/// time and memory over views (plot_growth.hpp).
std::string plot_svg(const nlohmann::ordered_json& document);

}  // namespace da3::bench
