// SPDX-License-Identifier: Apache-2.0
#include "measure.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "allocations.hpp"
#include "exit_code.hpp"
#include "process_facts.hpp"
#include "samples.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"
#include "subject.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json known(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}
Json known(uint64_t bytes) { return bytes == UINT64_MAX ? Json() : Json(bytes); }

void stop_when_asked() {
  if (host::signals::caught() == 0) return;
  throw host::PhaseError(host::Phase::run,
                         Error(DA3_E_CANCELLED, "measuring was stopped by a signal; nothing was reported"));
}

/// When enough was measured: a count, or a time and at least three samples.
class Enough {
 public:
  explicit Enough(const Effort& effort) : effort_(effort) {}
  bool operator()(size_t done) const {
    if (!effort_.seconds) return done >= static_cast<size_t>(effort_.iterations);
    return done >= 3 &&
           std::chrono::steady_clock::now() - begin_ >= std::chrono::duration<double>(*effort_.seconds);
  }

 private:
  const Effort effort_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A run after the other in one session.
SampleSet one_after_the_other(Subject& subject, const Effort& effort) {
  SampleSet samples;
  for (const Enough enough(effort); !enough(samples.count());) {
    stop_when_asked();
    samples.add(subject.run());
  }
  return samples;
}

/// Sessions at the same time, each in a thread; the first error of one ends all and is thrown.
SampleSet at_the_same_time(Subject& subject, const Effort& effort) {
  const auto count = static_cast<size_t>(subject.what().sessions);
  std::vector<SampleSet> samples(count);
  std::vector<std::exception_ptr> failures(count);
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  const Enough enough(effort);
  for (size_t i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      try {
        Session session = subject.new_session();
        while (!failed && host::signals::caught() == 0 && !enough(samples[i].count()))
          samples[i].add(subject.run(session));
      } catch (...) {
        failures[i] = std::current_exception();
        failed = true;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  stop_when_asked();
  for (size_t i = 1; i < count; ++i) samples[0].add(samples[i]);
  return std::move(samples[0]);
}

struct Steady {
  SampleSet samples;
  double wall_ms = 0;
  PageFaults faults;
  std::optional<uint64_t> allocations;
};

Steady measure_steady(Subject& subject, const Arguments& arguments) {
  for (int i = 0; i < arguments.effort.warmup; ++i) stop_when_asked(), subject.run();
  reset_peak_resident();
  Steady steady;
  const PageFaults before = page_faults();
  host::Stopwatch wall;
  steady.samples = subject.what().sessions > 1 ? at_the_same_time(subject, arguments.effort)
                                               : one_after_the_other(subject, arguments.effort);
  steady.wall_ms = wall.lap();
  const PageFaults after = page_faults();
  steady.faults = {after.minor - before.minor, after.major - before.major};
  if (arguments.count_allocations) steady.allocations = count_allocations([&] { subject.run(); });
  return steady;
}

Json memory_json(const Subject& subject) {
  Json json{{"resident_peak", known(peak_resident_memory())}, {"resident", known(resident_memory())}};
  const std::optional<Memory> held = subject.memory();
  const auto entry = [&](const char* key, uint64_t Memory::*member) {
    json[key] = held ? known((*held).*member) : Json();
  };
  entry("weights", &Memory::weights);
  entry("activations", &Memory::activations);
  entry("pool_idle", &Memory::pool_idle);
  entry("device_peak", &Memory::peak);
  entry("limit", &Memory::limit);
  return json;
}

Json policy_json(const Engine& engine) {
  Json json = Json::object();
  for (const Setting& setting : engine.describe()) json[setting.key] = setting.value;
  return json;
}

Json stages_json(const host::StageTimes& stages) {
  Json json = Json::object();
  for (const auto& [name, milliseconds] : stages.all()) json[name] = milliseconds;
  return json;
}

/// A measured network that gives no numbers is not a fast one.
double finite_depth(const RunResult& result) {
  const double mean = mean_depth(result);
  if (std::isfinite(mean)) return mean;
  throw host::PhaseError(host::Phase::run,
                         Error(DA3_E_NUMERIC,
                               "the run gave depth that is no finite number: its times mean "
                               "nothing; use another precision or check the model"));
}

}  // namespace

double mean_depth(const RunResult& result) {
  const Tensor* depth = result.find("depth");
  if (!depth || depth->empty()) return 0;
  double sum = 0;
  for (const float value : depth->floats()) sum += static_cast<double>(value);
  return sum / static_cast<double>(depth->size());
}

Json case_json(const Case& what) {
  Json settings = Json::object();
  for (const auto& [key, value] : what.settings) settings[key] = value;
  return {{"model", what.model},
          {"width", what.width},
          {"height", what.height},
          {"views", what.views},
          {"batch", what.batch},
          {"sessions", what.sessions},
          {"settings", std::move(settings)}};
}

Json failed_case(const Case& what, const std::string& reason, int exit) {
  return {{"name", case_name(what)},
          {"case", case_json(what)},
          {"ok", false},
          {"reason", reason},
          {"exit", exit}};
}

Json measure(const Arguments& arguments, const Case& what) {
  Subject subject(arguments.common, what);
  const std::optional<double> started_to_loaded = milliseconds_since_start();
  const RunSample first = subject.run();
  const std::optional<double> started_to_depth = milliseconds_since_start();
  const double depth = finite_depth(first.result);
  const Steady steady = measure_steady(subject, arguments);
  const auto runs = static_cast<double>(steady.samples.count());
  const double images = runs * static_cast<double>(what.batch * what.views);
  const Engine& engine = subject.engine();
  return {{"name", case_name(what)},
          {"case", case_json(what)},
          {"ok", true},
          {"backend", engine.backend()},
          {"device", engine.device().name},
          {"plugin", engine.plugin().version},
          {"runtime", engine.plugin().runtime_id},
          {"model", subject.model_path().filename().string()},
          {"policy", policy_json(engine)},
          {"ms",
           {{"backend", subject.backend_ms()},
            {"load", subject.load_ms()},
            {"load_stages", stages_json(subject.load_stages())},
            {"first", first.milliseconds},
            {"start_to_loaded", known(started_to_loaded)},
            {"start_to_first_depth", known(started_to_depth)},
            {"run", steady.samples.summary_json()},
            {"stages", steady.samples.stages_summary_json()}}},
          {"images_per_second", images * 1e3 / steady.wall_ms},
          {"memory", memory_json(subject)},
          {"per_run",
           {{"minor_faults", static_cast<double>(steady.faults.minor) / runs},
            {"major_faults", static_cast<double>(steady.faults.major) / runs},
            {"allocations", known(steady.allocations)}}},
          {"depth_mean", depth},
          {"load_average", load_average()},
          {"samples", steady.samples.json()}};
}

}  // namespace da3::bench
