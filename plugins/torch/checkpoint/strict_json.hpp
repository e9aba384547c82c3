// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace da3::checkpoint {

/// Parses one JSON document. Beyond nlohmann's own checks, refuses duplicate keys (they would be dropped
/// silently) and nesting deeper than 16. origin names the text in messages. Throws Error(DA3_E_MODEL).
nlohmann::json parse_strict_json(std::string_view text, const std::string& origin);

/// What a nlohmann exception says, without its id in brackets and safe to print.
std::string json_complaint(const nlohmann::json::exception& error);

}  // namespace da3::checkpoint
