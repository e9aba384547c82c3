// SPDX-License-Identifier: Apache-2.0
#include "bench_arguments.hpp"

#include <algorithm>
#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include "option_parser.hpp"

namespace da3::bench {
namespace {

constexpr std::pair<const char*, Command> commands[] = {
    {"latency", Command::latency},   {"throughput", Command::throughput}, {"scaling", Command::scaling},
    {"validate", Command::validate}, {"worker", Command::worker},         {"roofline", Command::roofline}};

constexpr const char* about =
    "Times Depth Anything 3 on this machine.\n"
    "  da3-bench latency     one run after the other (the default)\n"
    "  da3-bench throughput  several sessions at once: images per second\n"
    "  da3-bench scaling     the same with more and more threads: efficiency, serial parts\n"
    "  da3-bench validate    every policy of every device: does it work, does it repeat to the bit\n"
    "  da3-bench roofline    each kind of operation against what the machine does at best\n"
    "  da3-bench worker      runs when a line on stdin asks for it, for programs that race others\n"
    "  da3-bench --compare A.json B.json\n"
    "Lists with commas are swept, each case in a process of its own. The result goes to stdout, the rest to "
    "stderr.";

constexpr const char *what_group = "What to measure", *how_group = "How long",
                     *where_group = "Settings and backends", *result_group = "Results",
                     *talk_group = "Messages";

class Parser : host::OptionParser {
 public:
  explicit Parser(Command command) : OptionParser(about, "da3-bench") {
    arguments_.command = command;
    command == Command::validate ? add_validate() : add_case();
    add_where();
    add_results();
    add_talk();
  }

  Arguments parse(std::vector<std::string> words) {
    parse_words(std::move(words), "da3-bench --help");
    if (help_) arguments_.text = app_.help();
    if (version_) arguments_.text = "da3-bench " DA3_VERSION "\n";
    if (!compare_.empty()) {
      arguments_.command = Command::compare;
      arguments_.compare.assign(compare_.begin(), compare_.end());
    }
    return finish();
  }

 private:
  void add_numbers(const char* name, const char* help, int64_t high, std::vector<int64_t>& numbers) {
    add(name, "LIST", help, what_group,
        [name, high, &numbers](const std::string& text) { numbers = parse_numbers(text, name, 1, high); });
  }

  void add_case() {
    Sweep& sweep = arguments_.sweep;
    add("-m,--model", "LIST", "Folders or names of models (default: the demo model)", what_group,
        [&sweep](const std::string& text) { sweep.models = split_list(text, "--model"); });
    add("--res", "LIST", "Sides in pixels, 504 or 504x280, width first (default: 504)", what_group,
        [&sweep](const std::string& text) { sweep.resolutions = parse_resolutions(text); });
    add_numbers("--views", "Views of a scene (default: 1)", 4096, sweep.views);
    add_numbers("--batch", "Scenes that run together (default: 1)", 4096, sweep.batches);
    if (arguments_.command == Command::throughput)
      add_numbers("--sessions", "Sessions of one model at once (default: 1)", 256, sweep.sessions);
    add("-t,--threads", "LIST", "Threads (scaling: 1, 2, 4, ... all, unless given)", what_group,
        [this](const std::string& text) { threads_ = split_list(text, "--threads"); });
    add_effort("--warmup", "Runs before those that count, after the first (default: 2)", 0,
               arguments_.effort.warmup);
    add_effort("-n,--iterations", "Runs that count (default: 15)", 1, arguments_.effort.iterations);
    add("--duration", "SECONDS", "Instead of --iterations: at least so long, at least 3 runs", how_group,
        [this](const std::string& text) {
          const auto seconds = option_type::parse_float(text);
          if (!seconds || *seconds <= 0 || *seconds > 1e6)
            throw Error(DA3_E_INVALID, "--duration: \"" + text + "\" is no time; write seconds as in 2.5");
          arguments_.effort.seconds = *seconds;
        });
    add_flag("--allocations", arguments_.count_allocations,
             "Also count the heap's allocations of one run (Linux)", what_group);
    add_flag("--case-for-parent", arguments_.one_case_for_parent, "", "");
  }

  void add_effort(const char* names, const char* help, int low, int& number) {
    add(names, "N", help, how_group, [names, low, &number](const std::string& text) {
      number = static_cast<int>(parse_numbers(text, names, low, 1000000).front());
    });
  }

  void add_validate() {
    ValidateOptions& options = arguments_.validate;
    add("--devices", "LIST", "Backends (default: cpu,mps,cuda)", what_group,
        [&options](const std::string& text) { options.devices = split_list(text, "--devices"); });
    add("-m,--model", "MODEL", "Folder or name of a model (default: the demo model)", what_group,
        [this](const std::string& text) { arguments_.sweep.models = {text}; });
    add("--res", "SIZE", "Side in pixels, 504 or 504x280 (default: 504)", what_group,
        [this](const std::string& text) { arguments_.sweep.resolutions = parse_resolutions(text); });
    add_effort("--num-images", "Images of the scene (default: 5)", 1, options.images);
    add_effort("--num-warmup", "Runs of a configuration that do not count (default: 2)", 0, options.warmup);
    add_effort("--num-runs", "Runs that count (default: 5)", 2, options.runs);
  }

  void add_where() {
    add("-c,--config", "PROFILE", "Profile: a file, or a name like cpu-max", where_group,
        [this](const std::string& text) { arguments_.common.config = text; });
    add_repeatable("--set", set_, "KEY=LIST", "One setting, or several values to sweep. Repeatable",
                   where_group);
    add("-b,--backend", "LIST", "cpu, cuda, mps, ... or auto (default)", where_group,
        [this](const std::string& text) { backends_ = split_list(text, "--backend"); });
    add_repeatable("--plugin", plugins_, "PATH", "A plugin's file, searched before all others. Repeatable",
                   where_group);
  }

  void add_results() {
    add("-f,--format", "FORMAT", "What stdout gets: md (default), csv, json", result_group,
        [this](const std::string& text) { set_format(text); });
    add("-o,--output", "FILE.json", "All that was measured, for --compare", result_group,
        [this](const std::string& text) { arguments_.output = text; });
    if (arguments_.command != Command::validate && arguments_.command != Command::roofline)
      add("--plot", "FILE.svg", "A picture of the result", result_group,
          [this](const std::string& text) { arguments_.plot = text; });
    app_.add_option("--compare", compare_, "Two documents: is the second faster?")
        ->type_name("A.json B.json")
        ->group(result_group)
        ->expected(2);
  }

  void set_format(const std::string& text) {
    constexpr std::pair<const char*, Format> formats[] = {
        {"md", Format::markdown}, {"csv", Format::csv}, {"json", Format::json}};
    for (const auto& [name, format] : formats)
      if (text == name) return void(arguments_.format = format);
    throw Error(DA3_E_INVALID, "--format: \"" + text + "\" is not one of md, csv, json; change it");
  }

  void add_talk() {
    add("--log-level", "LEVEL", "trace, debug, info, warn (default), error, off", talk_group,
        [this](const std::string& text) {
          arguments_.common.settings.push_back({"log.level", text, "--log-level"});
        });
    add_flag("-q,--quiet", arguments_.common.quiet, "Errors only, no progress", talk_group);
    add_flag("-h,--help", help_, "Print this and stop", talk_group);
    add_flag("--version", version_, "Print the version and stop", talk_group);
  }

  Arguments finish() {
    arguments_.common.plugins.assign(plugins_.begin(), plugins_.end());
    if (arguments_.common.quiet && arguments_.common.settings.empty())
      arguments_.common.settings.push_back({"log.level", "error", "-q"});
    auto& settings = arguments_.sweep.settings;
    if (!backends_.empty()) settings.emplace_back("backend", backends_);
    if (!threads_.empty()) settings.emplace_back("threads", threads_);
    for (const std::string& text : set_) settings.push_back(parse_setting(text));
    return arguments_;
  }

  Arguments arguments_;
  std::vector<std::string> set_, plugins_, threads_, backends_, compare_;
};

}  // namespace

Arguments parse_arguments(std::vector<std::string> words) {
  Command command = Command::latency;
  for (const auto& [name, named] : commands)
    if (!words.empty() && words.front() == name) {
      command = named;
      words.erase(words.begin());
      break;
    }
  return Parser(command).parse(std::move(words));
}

}  // namespace da3::bench
