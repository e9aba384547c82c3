// SPDX-License-Identifier: Apache-2.0
#include "bench_main.hpp"

#include <algorithm>
#include <cstdio>
#include <da3/plugin_registry.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench_arguments.hpp"
#include "cases.hpp"
#include "commands/commands.hpp"
#include "compare.hpp"
#include "document.hpp"
#include "exit_code.hpp"
#include "plot.hpp"
#include "roofline.hpp"
#include "scaling.hpp"
#include "signals.hpp"
#include "tables.hpp"
#include "validate.hpp"
#include "worker.hpp"
#include "write_file.hpp"

namespace da3::bench {
namespace {

using host::in_phase;
using host::Phase;
using Json = nlohmann::ordered_json;

const char* command_name(Command command) {
  return command == Command::throughput ? "throughput" : command == Command::scaling ? "scaling" : "latency";
}

/// 0 where all cases were measured, the failure's own code where none was, else "some failed".
int exit_of(const Json& cases) {
  size_t failed = 0;
  int first = 0;
  for (const Json& one : cases)
    if (!one.value("ok", false)) {
      if (failed++ == 0) first = one.value("exit", static_cast<int>(host::exit_run));
    }
  if (failed == 0) return host::exit_ok;
  return failed == cases.size() ? first : static_cast<int>(host::exit_some_failed);
}

/// scaling without --threads: as many as there are, by powers of two.
Sweep sweep_of(const Arguments& arguments) {
  Sweep sweep = arguments.sweep;
  if (arguments.command != Command::scaling) return sweep;
  const auto is_threads = [](const auto& setting) { return setting.first == "threads"; };
  if (std::none_of(sweep.settings.begin(), sweep.settings.end(), is_threads))
    sweep.settings.emplace_back("threads", thread_counts(static_cast<int>(cpu_budget().threads)));
  return sweep;
}

std::string result_text(const Arguments& arguments, const Json& document) {
  if (arguments.format == Format::json) return to_text(document);
  const bool scaling = arguments.command == Command::scaling;
  if (arguments.format == Format::csv)
    return scaling ? scaling_csv(document["scaling"]) : bench_csv(document);
  return bench_markdown(document) + (scaling ? scaling_markdown(document["scaling"]) : "");
}

int measure_command(const Arguments& arguments) {
  for (const auto& file : {arguments.output, arguments.plot})
    if (!file.empty()) check_writable(file);
  Json document = new_document("da3.bench/1", command_name(arguments.command));
  document["effort"] = {{"warmup", arguments.effort.warmup},
                        {"iterations", arguments.effort.iterations},
                        {"seconds", arguments.effort.seconds ? Json(*arguments.effort.seconds) : Json()}};
  document["cases"] = measure_cases(arguments, cases_of(sweep_of(arguments)));
  if (arguments.command == Command::scaling) document["scaling"] = scaling_of(document["cases"]);
  if (!arguments.output.empty()) write_file(arguments.output, to_text(document));
  if (!arguments.plot.empty()) write_file(arguments.plot, plot_svg(document));
  host::print(result_text(arguments, document));
  if (host::signals::caught() != 0) return host::exit_signal + host::signals::caught();
  return exit_of(document["cases"]);
}

int compare_command(const Arguments& arguments) {
  const Json a = read_document(arguments.compare[0]), b = read_document(arguments.compare[1]);
  const Json comparison = in_phase(Phase::input, [&] { return compare(a, b); });
  if (!arguments.output.empty()) write_file(arguments.output, to_text(comparison));
  host::print(arguments.format == Format::json  ? to_text(comparison)
              : arguments.format == Format::csv ? compare_csv(comparison)
                                                : compare_markdown(comparison));
  return host::exit_ok;
}

int validate_command(const Arguments& arguments) {
  if (!arguments.output.empty()) check_writable(arguments.output);
  const Json document = validate(arguments);
  if (!arguments.output.empty()) write_file(arguments.output, to_text(document));
  host::print(arguments.format == Format::json  ? to_text(document)
              : arguments.format == Format::csv ? validate_csv(document)
                                                : validate_markdown(document));
  return validate_exit(document);
}

int roofline_command(const Arguments& arguments) {
  if (!arguments.output.empty()) check_writable(arguments.output);
  const Json document = roofline(arguments);
  if (!arguments.output.empty()) write_file(arguments.output, to_text(document));
  host::print(arguments.format == Format::json  ? to_text(document)
              : arguments.format == Format::csv ? roofline_csv(document)
                                                : roofline_markdown(document));
  return host::exit_ok;
}

int go(const Arguments& arguments) {
  if (!arguments.text.empty()) return host::print(arguments.text), static_cast<int>(host::exit_ok);
  if (arguments.command == Command::compare) return compare_command(arguments);
  if (arguments.one_case_for_parent) return answer_parent(arguments), static_cast<int>(host::exit_ok);
  if (arguments.command == Command::validate) return validate_command(arguments);
  if (arguments.command == Command::roofline) return roofline_command(arguments);
  if (arguments.command == Command::worker)
    return work(arguments, std::cin, stdout), static_cast<int>(host::exit_ok);
  return measure_command(arguments);
}

}  // namespace

int bench_main(const std::vector<std::string>& words) {
  host::signals::install();
  try {
    const Arguments arguments = in_phase(Phase::command_line, [&] { return parse_arguments(words); });
    return in_phase(Phase::run, [&] { return go(arguments); });
  } catch (const host::PhaseError& error) {
    const int signal = host::signals::caught();
    if (error.code() == DA3_E_CANCELLED && signal != 0) return host::exit_signal + signal;
    std::fprintf(stderr, "da3-bench: error: %s\n", error.message().c_str());
    return error.exit();
  }
}

}  // namespace da3::bench
