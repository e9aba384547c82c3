// SPDX-License-Identifier: Apache-2.0
// The options that every backend has, under the same names. A backend appends its own, "<name>.<key>".
#pragma once

#include "common/backend.hpp"

namespace da3::thin {

/// Common options in the order of the documentation, followed by own.
std::vector<OptionSpec> with_common_options(const std::vector<OptionSpec>& own);

/// "x86_64", "aarch64" or "any"; "linux", "macos" or "any": what this build is for.
const char* build_arch();
const char* build_os();

}  // namespace da3::thin
