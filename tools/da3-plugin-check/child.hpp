// SPDX-License-Identifier: Apache-2.0
// A check in a process of its own: it may crash, hang or leave, and the checker lives on.
#pragma once

#include "check.hpp"

namespace da3::check {

/// Starts this program again for one check and waits at most seconds.
Outcome run_in_child(const Check&, const Context&, double seconds);

/// The child's side: runs the check that order (JSON) names. Returns the exit status.
int child_main(const std::string& order);

/// The first word of a child's command line.
constexpr const char* child_flag = "--as-child";

/// The signal that asked the checker to stop, or 0; the running child has been killed then.
int stop_signal();
void watch_stop_signals();

}  // namespace da3::check
