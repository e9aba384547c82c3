// SPDX-License-Identifier: Apache-2.0
// One plugin asked in a process of its own: the two sides of da3-scan. For programs that list plugins
// (SearchOptions::scan_in_child); an Engine loads its plugin into its own process.
#pragma once

#include <da3/core_export.hpp>

#include <filesystem>
#include <functional>
#include <string_view>

namespace da3 {

/// The child's side: loads and probes a library, says what it does next and then the result, each one line of
/// JSON. A plugin's failure is a result. any_owner: false refuses files that others could have written. The
/// program should _exit() after it.
DA3_CORE_API void scan_plugin(const std::filesystem::path& library, bool any_owner,
                              const std::function<void(std::string_view)>& say);

}  // namespace da3
