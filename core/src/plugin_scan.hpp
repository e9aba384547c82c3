// SPDX-License-Identifier: Apache-2.0
// The parent's side of da3-scan.
#pragma once

#include <da3/plugin_registry.hpp>
#include <da3/plugin_scan.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "file_trust.hpp"

namespace da3::detail {

struct Scan {
  std::string reason;  ///< why the plugin cannot be used; empty: it answered
  /// id, version, abi, vendor, license, runtime_id and devices are filled in when reason is empty.
  PluginInfo info;
  std::vector<OptionSpec> options;
};

/// Asks a plugin in a child. Whatever it does (hang, crash, exit, print), there is an answer within the limit
/// and a second. rules: the child keeps those about ownership. [any]
Scan scan_in_child(const std::filesystem::path& helper, const std::filesystem::path& library,
                   const TrustRules& rules, std::chrono::milliseconds limit);

}  // namespace da3::detail
