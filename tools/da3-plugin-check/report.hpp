// SPDX-License-Identifier: Apache-2.0
// What people and programs read.
#pragma once

#include "check.hpp"

namespace da3::check {

struct Counts {
  size_t pass = 0, warn = 0, fail = 0, skip = 0, crash = 0;
};
Counts count(const std::vector<Outcome>&);

/// One row of the table, with details and the child's output when verbose.
std::string row(const Outcome&, bool verbose);
std::string summary(const Counts&);
std::string json_report(const Context&, const std::vector<Outcome>&, bool first_contact);
/// Every rule, for --list.
std::string rules(bool json);
/// What to do next on new hardware.
std::string first_contact_advice(const Counts&, bool with_model);

}  // namespace da3::check
