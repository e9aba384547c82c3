// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>
#include <memory>

#include "help.hpp"
#include "setting_options.hpp"

namespace da3::host {
namespace {

constexpr const char* where_group = "Settings and backends";
constexpr const char* long_group = "Long runs";
constexpr const char* talk_group = "Messages";

/// One of the command lines; a word like "devices" is a command in the first place only, so that a
/// folder may have that name. CLI11's subcommands would take it anywhere.
class Parser : SettingOptions {
 public:
  explicit Parser(Command command) : SettingOptions("", "da3-host") {
    arguments_.command = command;
    app_.formatter(std::make_shared<HelpFormatter>(command));
    app_.get_formatter()->column_width(kHelpColumn);
    // The inputs are what is left over: CLI11's own lists of positionals split words like "[a,b]".
    app_.allow_extras();
    if (command == Command::run || command == Command::plan) add_work(), add_cameras();
    if (command == Command::run)
      add_long_runs(), add_live_options(app_, arguments_.live, "Pictures as they come");
    if (command != Command::models) add_where();
    if (command == Command::plan) add_assume();
    if (command == Command::verify) add_verify();
    add_talk();
  }

  Arguments parse(std::vector<std::string> words) {
    parse_words(std::move(words), help_command());
    take_rest(app_.remaining());
    check_live(arguments_.live);
    if (help_) arguments_.text = app_.help();
    if (version_) arguments_.text = version_text();
    return arguments_;
  }

 private:
  void add_long_runs() {
    app_.add_flag("--recursive", arguments_.recursive, "Folders stand for all images below them")
        ->group(what_group);
    app_.add_flag(
            "--resume", arguments_.resume,
            "Leaves out the scenes that an earlier run with the same settings wrote into the same folder")
        ->group(long_group);
    add("--shard", "I/N", "Of N equal parts of the scenes only part I, from 1: for job arrays", long_group,
        [this](const std::string& text) { arguments_.shard = parse_shard(text); });
    app_.add_flag("--dry-run", arguments_.dry_run,
                  "Says what would be done, the memory and the time that it takes, and writes nothing")
        ->group(long_group);
  }

  static Shard parse_shard(const std::string& text) {
    const size_t slash = std::min(text.find('/'), text.size());
    const auto index = option_type::parse_int(text.substr(0, slash));
    const auto count = slash < text.size() ? option_type::parse_int(text.substr(slash + 1)) : std::nullopt;
    if (!index || !count || *index < 1 || *count < *index)
      throw Error(DA3_E_INVALID,
                  "--shard: \"" + text + "\" is not a part of a whole; write 2/8 for the second of eight");
    return {static_cast<size_t>(*index), static_cast<size_t>(*count)};
  }

  void add_where() {
    add("-c,--config", "PROFILE", "Profile: a file, or a name like cpu-max (see configs/profiles)",
        where_group, [this](const std::string& text) { arguments_.config = text; });
    add_repeatable("--set", arguments_.set, "KEY=VALUE",
                   "One setting; wins over profile and environment. Repeatable", where_group);
    add_setting("-b,--backend", "backend", "NAME",
                "cpu, cuda, mps, ..., a list \"[cuda, cpu]\", or auto (default)", where_group);
    if (arguments_.command == Command::run || arguments_.command == Command::plan)
      add_setting("--devices", "devices", "WHICH",
                  "Devices that scenes are spread over: one (default), all, or a list \"[0, 1]\"",
                  where_group);
    add_repeatable("--plugin", plugin_words_, "PATH",
                   "A plugin's file, searched before all others. Repeatable", where_group);
  }

  void add_assume() {
    add("--assume", "MACHINE",
        "What another machine would get: the file of its record, or a name that \"--assume list\" lists",
        where_group, [this](const std::string& text) { arguments_.assume = text; });
  }

  void add_talk() {
    const bool verify = arguments_.command == Command::verify;
    if (arguments_.command == Command::run || verify)
      app_.add_option_function<std::string>(
              "--progress", [this](const std::string& text) { set_progress(text); },
              "auto (a bar on a terminal, else lines), none, json, plain")
          ->type_name("HOW")
          ->group(talk_group)
          ->take_last();
    if (arguments_.command == Command::run)
      add("--preview", "[HOW]",
          "Shows depth in the terminal: auto (what it can), kitty, sixel, blocks (also where stdout is no "
          "terminal)",
          talk_group, [this](const std::string& text) { arguments_.preview = parse_preview(text); });
    if (arguments_.command != Command::run)
      app_.add_flag("--json", arguments_.json, "Print JSON")->group(talk_group);
    if (arguments_.command == Command::run)
      app_.add_flag(
              "--profile-run", arguments_.profile_run,
              "Measure every stage and layer: trace.json (for Chrome or Perfetto) and profile.md in the "
              "output folder")
          ->group(talk_group);
    if (arguments_.command != Command::models) add_levels();
    app_.add_flag("-h,--help", help_, "Print this and stop")->group(talk_group);
    app_.add_flag("--version", version_, "Print versions and stop")->group(talk_group);
  }

  void add_levels() {
    add_setting("--log-level", "log.level", "LEVEL", "trace, debug, info, warn (default), error, off",
                talk_group);
    app_.add_flag("-v,--verbose", verbose_, "More messages; twice: still more")->group(talk_group);
    app_.add_flag("-q,--quiet", arguments_.quiet, "Errors only, no progress")->group(talk_group);
  }

  void set_progress(const std::string& text) {
    constexpr std::pair<std::string_view, ProgressMode> modes[] = {{"auto", ProgressMode::automatic},
                                                                   {"none", ProgressMode::none},
                                                                   {"json", ProgressMode::json},
                                                                   {"plain", ProgressMode::plain}};
    for (const auto& [name, mode] : modes)
      if (text == name) return void(arguments_.progress = mode);
    throw Error(DA3_E_INVALID,
                "--progress: \"" + text + "\" is not one of auto, none, json, plain; change it");
  }

  void take_rest(const std::vector<std::string>& words) {
    bool only_inputs = false;  // after "--"
    for (const std::string& word : words) {
      if (!only_inputs && word == "--") {
        only_inputs = true;
        continue;
      }
      const bool option = !only_inputs && word.size() > 1 && word.front() == '-';
      if (option) refuse(word);
      if (arguments_.command == Command::devices || arguments_.command == Command::models)
        throw Error(DA3_E_INVALID, "unexpected argument \"" + word +
                                       "\":" + std::string(command_word(arguments_.command)) +
                                       " takes none; see " + help_command());
      if (word.empty())
        throw Error(DA3_E_INVALID,
                    "an INPUT is empty text: it names no file; remove it or see " + help_command());
      arguments_.inputs.emplace_back(word);
    }
  }

  [[noreturn]] void refuse(const std::string& word) const {
    std::vector<std::string> known;
    for (const CLI::Option* candidate : app_.get_options()) {
      for (const std::string& name : candidate->get_lnames()) known.push_back("--" + name);
      for (const std::string& name : candidate->get_snames()) known.push_back("-" + name);
    }
    const std::string near = option_type::nearest(word.substr(0, word.find('=')), known);
    throw Error(DA3_E_INVALID,
                "unknown option \"" + word +
                    "\": " + (near.empty() ? "see " + help_command() : "did you mean \"" + near + "\"?"));
  }

  std::string help_command() const {
    return "da3-host" + std::string(command_word(arguments_.command)) + " --help";
  }

  std::vector<std::string> plugin_words_;
  int verbose_ = 0;

  friend Arguments da3::host::parse_arguments(std::vector<std::string>);
};

}  // namespace

Arguments parse_arguments(std::vector<std::string> words) {
  complete_preview(words);
  Command command = Command::run;
  if (!words.empty()) {
    const std::string first = words.front();
    if (first == "devices") command = Command::devices;
    if (first == "plan") command = Command::plan;
    if (first == "models") command = Command::models;
    if (first == "verify") command = Command::verify;
    if (command != Command::run || first == "run") words.erase(words.begin());
  }
  Parser parser(command);
  Arguments arguments = parser.parse(std::move(words));
  arguments.plugins.assign(parser.plugin_words_.begin(), parser.plugin_words_.end());
  // --log-level says more than -v or -q, wherever it stands.
  bool level_given = false;
  for (const FlagSetting& setting : arguments.settings) level_given |= setting.key == "log.level";
  if (!level_given && (arguments.quiet || parser.verbose_ > 0))
    arguments.settings.push_back({"log.level",
                                  arguments.quiet        ? "error"
                                  : parser.verbose_ == 1 ? "info"
                                                         : "debug",
                                  arguments.quiet ? "-q" : "-v"});
  return arguments;
}

std::string version_text() {
  return "da3-host " DA3_VERSION "\nplugin ABI " + std::to_string(DA3_ABI_MAJOR) + "." +
         std::to_string(DA3_ABI_MINOR) + "-" DA3_ABI_STATUS "\nbuild " DA3_HOST_BUILD "\n";
}

}  // namespace da3::host
