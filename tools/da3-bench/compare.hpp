// SPDX-License-Identifier: Apache-2.0
// Two documents, case by case.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace da3::bench {

/// {"schema": "da3.bench.compare/1", "cases": [{"name", "case", "a_ms", "b_ms", "ratio", "low", "high",
/// "verdict"}], "only_a": [names], "only_b": [names]}; cases are the same when all of their "case" but the
/// model's folder is: its last part counts. Throws Error(DA3_E_INVALID) when no case is in both.
nlohmann::ordered_json compare(const nlohmann::ordered_json& a, const nlohmann::ordered_json& b);

}  // namespace da3::bench
