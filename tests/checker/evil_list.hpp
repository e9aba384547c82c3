// SPDX-License-Identifier: Apache-2.0
// Every evil plugin, the check that is about its fault, and what that check must say.
#pragma once

#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace da3::test {

struct Evil {
  const char* fault;
  int check;
  const char* status;       ///< of that check
  const char* words;        ///< in its sentence
  std::set<int> also = {};  ///< other checks that may fail: they meet the fault on their way
  std::vector<std::string> more = {};
  bool alone = false;  ///< only by that check: all others would take as long
};

inline void PrintTo(const Evil& evil, std::ostream* out) { *out << evil.fault; }

const std::vector<Evil>& evil_plugins();

/// Checks that no plugin of the tests can fail, and why.
const std::map<int, std::string>& checks_without_evil();

}  // namespace da3::test
