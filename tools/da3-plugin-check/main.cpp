// SPDX-License-Identifier: Apache-2.0
// da3-plugin-check PLUGIN [--model DIR] [--json] [--first-contact]: docs/plugin-check.md
#include <da3/error.hpp>

#include <cstring>
#include <iostream>

#include "arguments.hpp"
#include "child.hpp"
#include "report.hpp"

namespace {

using namespace da3::check;

enum Exit { passed = 0, failed = 1, usage = 2, signalled = 128 };

int check(const Arguments& arguments) {
  watch_stop_signals();
  const auto outcomes = run_checks_of(arguments.plan, arguments.context, [&](const Outcome& outcome) {
    if (!arguments.json) std::cout << row(outcome, arguments.verbose) << std::flush;
  });
  const Counts counts = count(outcomes);
  if (arguments.json)
    std::cout << json_report(arguments.context, outcomes, arguments.plan.first_contact);
  else
    std::cout << summary(counts)
              << (arguments.plan.first_contact
                      ? first_contact_advice(counts, !arguments.context.model.empty())
                      : "");
  if (!std::cout.flush())
    throw da3::Error(DA3_E_INVALID,
                     "the report cannot be written to stdout: free space or give another place");
  if (stop_signal()) return signalled + stop_signal();
  return counts.fail + counts.crash + (arguments.strict ? counts.warn : 0) > 0 ? failed : passed;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::strcmp(argv[1], child_flag) == 0) return child_main(argv[2]);
    const Arguments arguments = parse_arguments(argc, argv);
    if (!arguments.text.empty() || arguments.list) {
      std::cout << (arguments.list ? rules(arguments.json) : arguments.text);
      return passed;
    }
    return check(arguments);
  } catch (const da3::Error& error) {
    std::cerr << "da3-plugin-check: error: " << error.message() << '\n';
    return usage;
  } catch (const std::exception& error) {
    std::cerr << "da3-plugin-check: error: " << error.what() << '\n';
    return usage;
  }
}
