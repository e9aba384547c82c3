// SPDX-License-Identifier: Apache-2.0
#include "document.hpp"

#include <sys/utsname.h>

#include <da3/da3.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"
#include "hardware/cpu.hpp"
#include "process_facts.hpp"
#include "report.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

Json machine_json() {
  const hardware::CpuFacts cpu = hardware::read_cpu();
  const hardware::MemoryFacts memory = hardware::read_memory();
  const CpuBudget budget = cpu_budget();
  utsname system{};
  uname(&system);
  const auto known = [](uint64_t bytes) { return bytes == UINT64_MAX ? Json() : Json(bytes); };
  return {{"cpu", cpu.name},
          {"architecture", system.machine},
          {"instruction_sets", cpu.instruction_sets()},
          {"cpus", cpu.online},
          {"threads", budget.threads},
          {"threads_reason", budget.reason},
          {"memory", {{"total", known(memory.total)}, {"limit", known(memory.limit)}}},
          {"system", std::string(system.sysname) + " " + system.release},
          {"load_average", load_average()}};
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw host::PhaseError(
      host::Phase::input,
      Error(DA3_E_NOT_FOUND, "reading \"" + file.string() + "\" failed: " + why +
                                 "; give a file that \"da3-bench latency --output FILE.json\" wrote"));
}

void check_case(const std::filesystem::path& file, const Json& one) {
  if (!one.is_object() || !one.contains("case") || !one["case"].is_object())
    refuse(file, "a case says not what it measured");
  if (!one.value("ok", false)) return;
  const auto total = Json::json_pointer("/samples/total");
  if (!one.contains(total) || !one[total].is_array() || one[total].empty())
    refuse(file, "a case has no samples");
  for (const Json& value : one[total])
    if (!value.is_number() || value.get<double>() <= 0) refuse(file, "a sample is no time above zero");
}

}  // namespace

Json new_document(const std::string& schema, const std::string& command) {
  return {{"schema", schema},
          {"tool", {{"name", "da3-bench"}, {"version", DA3_VERSION}, {"build", DA3_BENCH_BUILD}}},
          {"command", command},
          {"started", host::utc_now()},
          {"machine", machine_json()}};
}

std::string to_text(const Json& document) {
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json read_document(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) refuse(file, "it is a folder");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(file, "it cannot be opened");
  Json document = Json::parse(stream, nullptr, false);
  if (document.is_discarded()) refuse(file, "it is not JSON");
  if (!document.is_object() || document.value("schema", Json()) != "da3.bench/1")
    refuse(file, "it is no da3.bench/1 document");
  if (!document.contains("cases") || !document["cases"].is_array()) refuse(file, "it has no list of cases");
  for (const Json& one : document["cases"]) check_case(file, one);
  return document;
}

}  // namespace da3::bench
