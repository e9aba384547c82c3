// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "checkpoint/model_config.hpp"

namespace da3::checkpoint {

/// config.json as far as it tells: without a config tree and a known name, known is false and config has only
/// license and process_res.
struct ParsedConfig {
  ModelConfig config;
  bool known = false;
  std::string given_name;  ///< model_name as written, safe to print
};

/// As parse_config, but an unknown model is no error.
ParsedConfig parse_config_leniently(std::string_view json, const std::string& origin);

/// The error that parse_config throws for an unknown model.
[[noreturn]] void unknown_model(const ParsedConfig& parsed, const std::string& origin);

}  // namespace da3::checkpoint
