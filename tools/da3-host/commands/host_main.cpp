// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "exit_code.hpp"
#include "progress.hpp"
#include "signals.hpp"

namespace da3::host {

void print(const std::string& text) {
  const size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0) return;
  throw PhaseError(Phase::output, Error(DA3_E_NOT_FOUND,
                                        std::string("writing the results to stdout failed: ") +
                                            std::strerror(errno) + "; send it elsewhere",
                                        0, -1, errno));
}

int guarded_main(const std::function<int()>& body, const ProgressMode& errors) {
  signals::install();
  try {
    return in_phase(Phase::run, body);
  } catch (const PhaseError& error) {
    const int signal = signals::caught();
    if (error.code() == DA3_E_CANCELLED && signal != 0) return exit_signal + signal;
    Progress(errors, LogLevel::error, Terminal::of(stderr)).error(error.message());
    return error.code() == DA3_E_CANCELLED ? static_cast<int>(exit_run) : error.exit();
  }
}

namespace {

/// Also of a command line that is wrong elsewhere.
bool wants_json(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == "--progress=json" ||
        (words[i] == "--progress" && i + 1 < words.size() && words[i + 1] == "json"))
      return true;
  return false;
}

}  // namespace

int host_main(const std::vector<std::string>& words) {
  ProgressMode errors = wants_json(words) ? ProgressMode::json : ProgressMode::none;
  return guarded_main(
      [&] {
        const Arguments arguments = in_phase(Phase::command_line, [&] { return parse_arguments(words); });
        if (!arguments.text.empty()) return print(arguments.text), static_cast<int>(exit_ok);
        if (arguments.command == Command::devices) return devices_command(arguments);
        if (arguments.command == Command::plan) return plan_command(arguments);
        if (arguments.command == Command::models) return models_command(arguments);
        if (arguments.command == Command::verify) return verify_command(arguments);
        return run_command(arguments);
      },
      errors);
}

}  // namespace da3::host
