// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <da3/error.hpp>

namespace da3::check {
namespace {

namespace fs = std::filesystem;

fs::path existing(const std::string& text, const char* what, bool folder) {
  std::error_code error;
  const fs::path path = fs::canonical(text, error);
  if (error)
    throw Error(DA3_E_NOT_FOUND,
                std::string(what) + " " + text + " cannot be found: " + error.message() + "; check the path");
  if (folder != fs::is_directory(path))
    throw Error(DA3_E_INVALID, std::string(what) + " " + text + (folder ? " is no folder" : " is a folder") +
                                   "; check the path");
  return path;
}

void add_fuzz_options(CLI::App& app, FuzzSettings& fuzz) {
  app.add_option("--fuzz", fuzz.sequences, "Random call sequences of check 62")
      ->type_name("N")
      ->capture_default_str()
      ->take_last();
  app.add_option("--seed", fuzz.seed, "Seed of the first of them")
      ->type_name("SEED")
      ->capture_default_str()
      ->take_last();
}

void check_numbers(const std::set<int>& numbers) {
  std::set<int> known;
  for (const Check& check : all_checks()) known.insert(check.number);
  for (int number : numbers)
    if (!known.contains(number))
      throw Error(DA3_E_INVALID,
                  "--only: there is no check " + std::to_string(number) + "; --list names them all");
}

}  // namespace

Arguments parse_arguments(int argc, char** argv) {
  CLI::App app{"Checks a da3 plugin against the rules of the plugin ABI, each rule in a process of its own.",
               "da3-plugin-check"};
  Arguments arguments;
  std::string plugin, model;
  std::vector<int> only;
  bool version = false;
  uint64_t reproduce = 0;
  auto* plugin_option = app.add_option("PLUGIN", plugin, "The plugin's library, libda3_<name>.so");
  app.add_option("-m,--model", model,
                 "Folder of a model that it can load; without one, checks of models and runs are skipped")
      ->type_name("DIR");
  app.add_flag("--json", arguments.json, "Print JSON");
  app.add_flag(
      "--first-contact", arguments.plan.first_contact,
      "New hardware: file, entry, probe, options; with --model also the plugin's tests of its device");
  app.add_option("--only", only, "Only these checks")->delimiter(',')->type_name("N,...");
  app.add_flag("--strict", arguments.strict, "Warnings count as failures");
  app.add_option("--time-limit", arguments.plan.seconds, "Seconds for a check")
      ->check(CLI::Range(0.1, 86400.0))
      ->type_name("S")
      ->capture_default_str()
      ->take_last();
  add_fuzz_options(app, arguments.context.fuzz);
  auto* reproduce_option =
      app.add_option("--reproduce", reproduce, "Only the call sequence of this seed, with every step")
          ->type_name("SEED");
  app.add_flag("--in-process", arguments.plan.in_process, "No children: for a debugger, with --only");
  app.add_flag("--list", arguments.list, "Print every rule and stop");
  app.add_flag("-v,--verbose", arguments.verbose, "Details, and what the plugin printed");
  app.add_flag("--version", version, "Print the version and stop");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    arguments.text = app.help();
    return arguments;
  } catch (const CLI::ParseError& error) {
    throw Error(DA3_E_INVALID, std::string("the command line is not understood: ") + error.what() +
                                   "; see da3-plugin-check --help");
  }
  if (version) arguments.text = "da3-plugin-check " DA3_VERSION "\n";
  if (version || arguments.list) return arguments;
  if (plugin_option->count() == 0)
    throw Error(DA3_E_INVALID, "no plugin is named: give its file; see da3-plugin-check --help");
  arguments.context.plugin = existing(plugin, "the plugin", false);
  if (!model.empty()) arguments.context.model = existing(model, "the model", true);
  arguments.plan.only.insert(only.begin(), only.end());
  if (reproduce_option->count()) {
    arguments.context.fuzz = {reproduce, 1, arguments.context.fuzz.steps, true};
    arguments.plan.only = {62};
    arguments.verbose = true;
  }
  check_numbers(arguments.plan.only);
  return arguments;
}

}  // namespace da3::check
