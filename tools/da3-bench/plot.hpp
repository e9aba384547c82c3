// SPDX-License-Identifier: Apache-2.0
// A document as one picture: self-contained SVG, for pages and reports.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace da3::bench {

/// Bars of the stages' medians, one for each case, with ticks from the fastest to the 99 % slowest run; where
/// the document has "scaling", the efficiency over threads below; where cases differ in their views alone,
/// time and memory over views (plot_growth.hpp).
std::string plot_svg(const nlohmann::ordered_json& document);

/// Of the index-th line or stage; they repeat.
const char* plot_colour(size_t index);

/// Text of XML: the five characters that mean something replaced, others below a space left out.
std::string xml_text(std::string_view text);

}  // namespace da3::bench
