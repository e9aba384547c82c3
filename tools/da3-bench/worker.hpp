// SPDX-License-Identifier: Apache-2.0
// A case that stays loaded and runs when it is told to, so that another program can alternate it with others.
#pragma once

#include <cstdio>
#include <iosfwd>

#include "bench_arguments.hpp"

namespace da3::bench {

/// Loads, runs once, and says on `out` that it is ready; then a line of JSON for each line of `in`:
///   run     {"ms", "stages"}
///   memory  {"resident", "resident_peak"} since the last "memory", bytes
///   quit    nothing: it ends, as at the end of `in`
/// What is not understood gets {"error": sentence}. Throws host::PhaseError where loading or a run fails.
void work(const Arguments& arguments, std::istream& in, std::FILE* out);

}  // namespace da3::bench
