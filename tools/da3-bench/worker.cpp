// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include <istream>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"
#include "measure.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

void answer(std::FILE* out, const Json& json) {
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), out) == line.size() && std::fflush(out) == 0) return;
  throw host::PhaseError(host::Phase::output, Error(DA3_E_NOT_FOUND,
                                                    "answering on stdout failed: nobody reads it; "
                                                    "start the worker from the program that asks it"));
}

Json run_json(const RunSample& sample) {
  Json stages = Json::object();
  for (const auto& [name, milliseconds] : sample.stages.all()) stages[name] = milliseconds;
  return {{"ms", sample.milliseconds}, {"stages", std::move(stages)}};
}

Json memory_json() {
  const auto resident = resident_memory(), peak = peak_resident_memory();
  Json json{{"resident", resident ? Json(*resident) : Json()},
            {"resident_peak", peak ? Json(*peak) : Json()}};
  reset_peak_resident();
  return json;
}

}  // namespace

void work(const Arguments& arguments, std::istream& in, std::FILE* out) {
  const std::vector<Case> cases = cases_of(arguments.sweep);
  if (cases.size() != 1)
    throw host::PhaseError(
        host::Phase::command_line,
        Error(DA3_E_INVALID, "worker: it runs one case, not " + std::to_string(cases.size()) +
                                 "; start one worker for each"));
  Subject subject(arguments.common, cases.front());
  const RunSample first = subject.run();
  const double depth = mean_depth(first.result);
  answer(out, {{"ready", true},
               {"case", case_json(cases.front())},
               {"plugin", subject.engine().plugin().version},
               {"runtime", subject.engine().plugin().runtime_id},
               {"precision", subject.engine().value("effective.precision")},
               {"threads", subject.engine().value("effective.threads")},
               {"load_ms", subject.load_ms()},
               {"first_ms", first.milliseconds},
               {"depth_mean", depth}});
  for (std::string line; std::getline(in, line);) {
    if (line == "run")
      answer(out, run_json(subject.run()));
    else if (line == "memory")
      answer(out, memory_json());
    else if (line == "quit")
      return;
    else
      answer(out, {{"error", "\"" + line + "\" is not understood; write run, memory or quit"}});
  }
}

}  // namespace da3::bench
