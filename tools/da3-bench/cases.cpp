// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "exit_code.hpp"
#include "hardware/child.hpp"
#include "measure.hpp"
#include "signals.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::chrono::hours longest_case{24};

fs::path this_program() {
#ifdef __APPLE__
  char name[4096];
  uint32_t size = sizeof name;
  if (_NSGetExecutablePath(name, &size) == 0) return fs::canonical(name);
  throw Error(DA3_E_INTERNAL, "finding this program failed: its path is too long; move it");
#else
  return fs::read_symlink("/proc/self/exe");
#endif
}

/// The sentence after "da3-bench: error: " in what a child said, or all of it.
std::string reason_in(const std::string& output) {
  constexpr std::string_view mark = "error: ";
  const size_t begin = output.rfind(mark);
  std::string text = begin == std::string::npos ? output : output.substr(begin + mark.size());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Json measured_by_child(const Arguments& arguments, const Case& what) {
  const hardware::ChildEnd end =
      hardware::run_child(this_program(), words_for_child(arguments, what), longest_case);
  if (!end.failure.empty())
    return failed_case(what, "its process could not be started: " + end.failure, host::exit_run);
  const std::string trouble = end.trouble(longest_case);
  if (trouble.empty()) {
    if (!arguments.common.quiet) std::fputs(end.output.c_str(), stderr);  // its warnings
    Json answer = Json::parse(end.answer, nullptr, false);
    if (answer.is_object()) return answer;
    return failed_case(what, "its process gave no result; report it with the command line", host::exit_run);
  }
  const std::string reason = reason_in(end.output);
  return failed_case(what, end.signal != 0 || reason.empty() ? "its process " + trouble : reason,
                     end.status != 0 ? end.status : static_cast<int>(host::exit_run));
}

}  // namespace

std::vector<std::string> words_for_child(const Arguments& arguments, const Case& what) {
  std::vector<std::string> words{arguments.command == Command::throughput ? "throughput" : "latency",
                                 "--case-for-parent",
                                 "--res",
                                 std::to_string(what.width) + "x" + std::to_string(what.height),
                                 "--views",
                                 std::to_string(what.views),
                                 "--batch",
                                 std::to_string(what.batch),
                                 "--warmup",
                                 std::to_string(arguments.effort.warmup),
                                 "--iterations",
                                 std::to_string(arguments.effort.iterations)};
  const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (!what.model.empty()) add({"--model", what.model});
  if (arguments.command == Command::throughput) add({"--sessions", std::to_string(what.sessions)});
  if (arguments.effort.seconds) add({"--duration", std::to_string(*arguments.effort.seconds)});
  if (arguments.count_allocations) add({"--allocations"});
  if (arguments.common.quiet) add({"--quiet"});
  if (arguments.common.config) add({"--config", *arguments.common.config});
  for (const host::FlagSetting& setting : arguments.common.settings)
    if (setting.key == "log.level") add({"--log-level", setting.value});
  for (const fs::path& plugin : arguments.common.plugins) add({"--plugin", plugin.string()});
  for (const auto& [key, value] : what.settings)
    if (key == "threads" || key == "backend")
      add({"--" + key, value});
    else
      add({"--set", key + "=" + value});
  return words;
}

Json measure_cases(const Arguments& arguments, const std::vector<Case>& cases) {
  Json results = Json::array();
  if (cases.size() == 1) {
    results.push_back(measure(arguments, cases.front()));
    return results;
  }
  for (size_t i = 0; i < cases.size() && host::signals::caught() == 0; ++i) {
    if (!arguments.common.quiet)
      std::fprintf(stderr, "[%zu/%zu] %s\n", i + 1, cases.size(), case_name(cases[i]).c_str());
    results.push_back(measured_by_child(arguments, cases[i]));
  }
  return results;
}

void answer_parent(const Arguments& arguments) {
  hardware::limit_own_life(longest_case);
  const std::string text = measure(arguments, cases_of(arguments.sweep).front())
                               .dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(hardware::answer_descriptor, text.data() + done, text.size() - done);
    if (written <= 0)
      throw host::PhaseError(host::Phase::output,
                             Error(DA3_E_NOT_FOUND,
                                   "answering the parent process failed: it is not there; "
                                   "leave out --case-for-parent"));
    done += static_cast<size_t>(written);
  }
}

}  // namespace da3::bench
