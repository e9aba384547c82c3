// SPDX-License-Identifier: Apache-2.0
// `da3-bench roofline`: how near each kind of operation comes to what the machine can do.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench_arguments.hpp"

namespace da3::bench {

/// Measures one case, in this process; a da3.roofline/1 document. Throws host::PhaseError.
nlohmann::ordered_json roofline(const Arguments& arguments);

std::string roofline_markdown(const nlohmann::ordered_json& document);
std::string roofline_csv(const nlohmann::ordered_json& document);

}  // namespace da3::bench
