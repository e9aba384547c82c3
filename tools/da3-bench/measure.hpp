// SPDX-License-Identifier: Apache-2.0
// Measuring one case in this process.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench_arguments.hpp"
#include "sweep.hpp"

namespace da3::bench {

/// The entry of "cases" in a da3.bench/1 document, see docs/benchmarks.md. Throws host::PhaseError; a case
/// that is stopped by a signal throws DA3_E_CANCELLED.
nlohmann::ordered_json measure(const Arguments& arguments, const Case& what);

/// The case alone, as it stands in the document: what identifies it when documents are compared.
nlohmann::ordered_json case_json(const Case& what);

/// The entry of a case that could not be measured.
nlohmann::ordered_json failed_case(const Case& what, const std::string& reason, int exit);

}  // namespace da3::bench
