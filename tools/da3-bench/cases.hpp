// SPDX-License-Identifier: Apache-2.0
// The cases of a sweep, each in a process of its own.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "bench_arguments.hpp"

namespace da3::bench {

/// One case is measured here, and what goes wrong is thrown; of several each is measured by a child of this
/// program (threads, caches and peaks of one are not the next one's) and what goes wrong is told in its
/// entry.
nlohmann::ordered_json measure_cases(const Arguments& arguments, const std::vector<Case>& cases);

/// In a child: measures the one case and answers its parent. Errors go to stderr and the exit code.
void answer_parent(const Arguments& arguments);

/// The words that make a child measure this case.
std::vector<std::string> words_for_child(const Arguments& arguments, const Case& what);

}  // namespace da3::bench
