// SPDX-License-Identifier: Apache-2.0
// Options that say how results are written.
#pragma once

#include <vector>

#include "arguments.hpp"

namespace CLI {
class App;
}

namespace da3::host {

/// Each option that is given adds itself to the settings, which must outlive the app.
void add_format_options(CLI::App& app, std::vector<FlagSetting>& settings, const char* group);

}  // namespace da3::host
