// SPDX-License-Identifier: Apache-2.0
// Measuring one case in this process.
#pragma once

#include <da3/da3.hpp>
#include <nlohmann/json_fwd.hpp>

#include "bench_arguments.hpp"
#include "sweep.hpp"

namespace da3::bench {

/// The entry of "cases" in a da3.bench/1 document, see docs/benchmarks.md. Throws host::PhaseError; a case
/// that is stopped by a signal throws DA3_E_CANCELLED.
nlohmann::ordered_json measure(const Arguments& arguments, const Case& what);

/// Of all pixels of all views; 0 without depth. Shows that two programs did the same work.
double mean_depth(const RunResult&);

/// The case alone, as it stands in the document: what identifies it when documents are compared.
nlohmann::ordered_json case_json(const Case& what);

/// The entry of a case that could not be measured.
nlohmann::ordered_json failed_case(const Case& what, const std::string& reason, int exit);

}  // namespace da3::bench
