// SPDX-License-Identifier: Apache-2.0
#include "batching.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"
#include "process_facts.hpp"
#include "samples.hpp"
#include "signals.hpp"
#include "subject.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

Json known(uint64_t bytes) { return bytes == UINT64_MAX ? Json() : Json(bytes); }

/// False: it does not fit, and more would not either.
bool measure_batch(const Arguments& arguments, Subject& subject, Json& entry) {
  if (const std::optional<Memory> need = subject.estimate()) {
    entry["estimate"] = known(need->peak);
    entry["limit"] = known(need->limit);
    if (need->peak != UINT64_MAX && need->peak > need->limit) {
      entry["reason"] = "does not fit into the memory that the policy allows";
      return false;
    }
  }
  for (int i = 0; i < arguments.validate.warmup; ++i) subject.run();
  reset_peak_resident();
  SampleSet samples;
  for (int i = 0; i < arguments.validate.runs; ++i) samples.add(subject.run());
  entry["ok"] = true;
  entry["ms"] = samples.summary_json();
  entry["images_per_second"] = static_cast<double>(subject.what().batch) * 1e3 / median(samples.total());
  if (const auto peak = peak_resident_memory()) entry["resident_peak"] = *peak;
  return true;
}

}  // namespace

Json batching(const Arguments& arguments, const std::string& device, const Case& scene) {
  constexpr const char* memory_fraction = "0.85";
  Json json{
      {"device", device}, {"memory_fraction", memory_fraction}, {"batches", Json::array()}, {"reason", ""}};
  Case what = scene;
  what.views = 1;
  what.settings = {{"backend", device}, {"memory_fraction", memory_fraction}, {"batch", "auto"}};
  for (const int64_t batch : {1, 2, 4, 8}) {
    if (!arguments.common.quiet)
      std::fprintf(stderr, "%s: batch %d\n", device.c_str(), static_cast<int>(batch));
    what.batch = batch;
    Json entry{{"batch", batch}, {"ok", false}, {"reason", ""}};
    bool fits = false;
    try {
      Subject subject(arguments.common, what);
      json["auto"] = subject.engine().value("effective.batch");
      json["auto_reason"] = subject.engine().value("effective.batch.reason");
      fits = measure_batch(arguments, subject, entry);
    } catch (const host::PhaseError& error) {
      if (error.code() == DA3_E_CANCELLED || host::signals::caught() != 0) throw;
      entry["reason"] = error.message();
    }
    json["batches"].push_back(std::move(entry));
    if (!fits) break;
  }
  return json;
}

}  // namespace da3::bench
