// SPDX-License-Identifier: Apache-2.0
#include <da3/paths.hpp>

#include "command_line.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "leave.hpp"
#include "progress.hpp"

namespace {

using namespace da3;

int run(std::vector<std::string> words) {
  const front::Words parsed =
      host::in_phase(host::Phase::command_line, [&] { return front::parse_words(std::move(words)); });
  if (!parsed.text.empty()) return host::print(parsed.text), static_cast<int>(host::exit_ok);
  const host::Arguments arguments =
      host::in_phase(host::Phase::input, [&] { return front::to_arguments(parsed, share_folder()); });
  host::in_phase(host::Phase::output, [&] { front::clean_export_folder(parsed); });
  return host::run_command(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  host::set_program_name("da3");
  return host::leave(host::guarded_main([&] { return run({argv + (argc > 0), argv + argc}); }));
}
