// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace da3::bench {

/// The whole program, without its name: parses, measures, and says what went wrong in one line on stderr.
int bench_main(const std::vector<std::string>& words);

}  // namespace da3::bench
