// SPDX-License-Identifier: Apache-2.0
// A document as one picture: self-contained SVG, for pages and reports.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace da3::bench {

/// Bars of the stages' medians, one for each case, with ticks from the fastest to the 99 % slowest run; where
/// the document has "scaling", the efficiency over threads below.
std::string plot_svg(const nlohmann::ordered_json& document);

/// Text of XML: the five characters that mean something replaced, others below a space left out.
std::string xml_text(std::string_view text);

}  // namespace da3::bench
