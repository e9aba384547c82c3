// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>

#include "check.hpp"

namespace da3::check {

constexpr double usual_seconds = 45;  ///< time limit of most checks; --time-limit scales the others, too

struct Plan {
  std::set<int> only;  ///< numbers; empty: all
  bool first_contact = false, in_process = false;
  double seconds = usual_seconds;
};

/// Runs the checks in order and tells each outcome as it comes. A check whose first need has crashed is
/// skipped.
std::vector<Outcome> run_checks_of(const Plan&, const Context&,
                                   const std::function<void(const Outcome&)>& tell);

}  // namespace da3::check
