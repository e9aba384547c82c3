// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "child_process.hpp"
#include "client.hpp"
#include "scratch.hpp"

namespace da3::check {
namespace {

using Json = nlohmann::json;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string in_last_call(const ChildEnd& end) { return end.last_call.empty() ? "" : " in " + end.last_call; }

std::string limit_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", seconds);
  return text;
}

/// Why there is no result.
std::string crash_sentence(const ChildEnd& end, double seconds) {
  if (end.stuck)
    return "it hangs" + in_last_call(end) + " and cannot be killed: a device driver may be stuck";
  if (end.timed_out) return "it was not done after " + limit_text(seconds) + ": it hangs" + in_last_call(end);
  if (end.signal) return "it was killed by " + signal_name(end.signal) + in_last_call(end);
  return "the process was left with exit code " + std::to_string(end.status) + in_last_call(end) +
         ": a plugin never calls exit";
}

/// JSON has no NaN: null stands for it.
double number(const Json& json) { return json.is_number() ? json.get<double>() : std::nan(""); }

Json rows_json(const std::vector<TestRow>& rows) {
  Json list = Json::array();
  for (const TestRow& row : rows)
    list.push_back(Json::array({row.status, row.name, row.reason, row.unit, row.value, row.limit}));
  return list;
}

/// False when the line is none of ours: a plugin may write where it should not.
bool take_result(const std::string& line, Outcome& outcome) {
  try {
    const Json json = Json::parse(line);
    outcome.status = static_cast<Status>(json.at("status").get<int>());
    outcome.sentence = json.at("sentence").get<std::string>();
    outcome.details = json.at("details").get<std::vector<std::string>>();
    outcome.gate = json.at("gate").get<int>();
    for (const Json& row : json.at("rows"))
      outcome.rows.push_back(
          {row.at(0), row.at(1), row.at(2), row.at(3), number(row.at(4)), number(row.at(5))});
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

Outcome run_in_child(const Check& check, const Context& context, double seconds) {
  const Scratch scratch;
  const Json order = {{"check", check.number},           {"plugin", context.plugin.string()},
                      {"model", context.model.string()}, {"scratch", scratch.path().string()},
                      {"seed", context.fuzz.seed},       {"sequences", context.fuzz.sequences},
                      {"steps", context.fuzz.steps},     {"show", context.fuzz.show}};
  const ChildEnd end = run_process({child_flag, dumped(order)}, seconds);
  Outcome outcome;
  outcome.check = &check;
  outcome.seconds = end.seconds;
  outcome.out = end.out;
  outcome.err = end.err;
  const size_t line_end = end.result.find('\n');
  const bool wrote = line_end != std::string::npos;
  const bool told = wrote && take_result(end.result.substr(0, line_end), outcome);
  if (end.stopped) {
    outcome.status = Status::skip;
    outcome.sentence = "stopped by a signal";
  } else if (!told || end.timed_out || end.signal || end.status != 0) {
    outcome.status = Status::crash;
    outcome.sentence = wrote && !told
                           ? "something else than the result came out of the process" + in_last_call(end) +
                                 ": a plugin writes to no file that is not its own"
                           : crash_sentence(end, seconds);
    if (!end.failure.empty() && !end.timed_out) {
      outcome.status = Status::fail;
      outcome.details.push_back("afterwards, " + outcome.sentence);
      outcome.sentence = end.failure;
    }
  }
  return outcome;
}

int child_main(const std::string& text) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (int fd : {result_fd, trace_fd}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  void* page = ::mmap(nullptr, trace_size, PROT_READ | PROT_WRITE, MAP_SHARED, trace_fd, 0);
  if (page != MAP_FAILED) set_trace(static_cast<char*>(page));
  ::close(trace_fd);
  const Json order = Json::parse(text);
  Context context;
  context.plugin = order.at("plugin").get<std::string>();
  context.model = order.at("model").get<std::string>();
  context.scratch = order.at("scratch").get<std::string>();
  context.fuzz = {order.at("seed"), order.at("sequences"), order.at("steps"), order.at("show")};
  for (const char* name : {"HOME", "TMPDIR", "XDG_CACHE_HOME", "PWD"})
    ::setenv(name, context.scratch.c_str(), 1);
  if (::chdir(context.scratch.c_str()) != 0) return 70;
  for (const Check& check : all_checks()) {
    if (check.number != order.at("check").get<int>()) continue;
    const Outcome outcome = run_here(check, context);
    const std::string line = dumped({{"status", static_cast<int>(outcome.status)},
                                     {"sentence", outcome.sentence},
                                     {"details", outcome.details},
                                     {"rows", rows_json(outcome.rows)},
                                     {"gate", outcome.gate}}) +
                             "\n";
    for (size_t done = 0; done < line.size();) {
      const ssize_t n = ::write(result_fd, line.data() + done, line.size() - done);
      if (n <= 0) return 71;
      done += static_cast<size_t>(n);
    }
    std::fflush(nullptr);
    trace("the end of the process");
    if (check.ends_by_return) return 0;
    ::_exit(0);
  }
  return 72;
}

}  // namespace da3::check
