// SPDX-License-Identifier: Apache-2.0
// Every policy of every device in one process, one after the other: does it run, does it repeat to the bit,
// how far is it from the reference profile, how fast is it, and does its memory come back.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench_arguments.hpp"

namespace da3::bench {

/// A da3.validate/1 document, see docs/benchmarks.md. What is wrong with one configuration is in its entry.
/// Throws host::PhaseError where nothing can be tried: a bad profile, a model that is not there.
nlohmann::ordered_json validate(const Arguments& arguments);

std::string validate_markdown(const nlohmann::ordered_json& document);
std::string validate_csv(const nlohmann::ordered_json& document);

/// 0: all that was tried passed; 5: some did; 1: none did; 3: no device is there.
int validate_exit(const nlohmann::ordered_json& document);

}  // namespace da3::bench
