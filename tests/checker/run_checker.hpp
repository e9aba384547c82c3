// SPDX-License-Identifier: Apache-2.0
// da3-plugin-check, run as a user does; its JSON report.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "integration/run_program.hpp"

namespace da3::test {

struct CheckRow {
  std::string status, reason, rule, written;
};

struct CheckReport {
  int exit_code = -1;
  std::map<int, CheckRow> rows;
  nlohmann::json counts;
  /// Numbers of the checks with one of these, "FAIL", "CRASH".
  std::vector<int> with(const std::vector<std::string>& statuses) const;
  /// Numbers of the checks that did not pass as they should. A warning that measures time (5, 32) is none: a
  /// machine that does other things beside earns it.
  std::vector<int> complaints() const;
  std::string text() const;  ///< the rows that did not pass, for messages
};

CheckReport check_plugin(const std::string& plugin, const std::string& model,
                         const std::vector<std::string>& more = {});

/// What --list --json tells: number, name, rule, written.
nlohmann::json listed_rules();

}  // namespace da3::test
