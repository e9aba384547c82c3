// SPDX-License-Identifier: Apache-2.0
#include "validate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "batching.hpp"
#include "depth_difference.hpp"
#include "document.hpp"
#include "exit_code.hpp"
#include "process_facts.hpp"
#include "samples.hpp"
#include "signals.hpp"
#include "subject.hpp"
#include "synthetic.hpp"
#include "validate_matrix.hpp"
#include "warnings.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

std::vector<float> depth_of(const RunResult& result) {
  const std::span<const float> depth = result.at("depth").floats();
  return {depth.begin(), depth.end()};
}

Json known(const std::optional<uint64_t>& bytes) { return bytes ? Json(*bytes) : Json(); }
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

class Validation {
 public:
  explicit Validation(const Arguments& arguments)
      : arguments_(arguments), options_(arguments.validate), warnings_(arguments.common.quiet) {}

  Json go() {
    Json document = new_document("da3.validate/1", "validate");
    const Case scene = scene_case();
    document["model"] = scene.model.empty() ? "demo" : std::filesystem::path(scene.model).filename().string();
    document["images"] = scene.views, document["width"] = scene.width, document["height"] = scene.height;
    document["warmup"] = options_.warmup, document["runs"] = options_.runs;
    document["devices"] = Json::array();
    document["results"] = Json::array();
    document["batching"] = Json::array();
    const std::vector<PluginInfo> plugins = look_for_devices();
    make_reference();
    for (const std::string& name : options_.devices) {
      Json device = availability(name, plugins);
      if (device["available"]) {
        try_device(name, device, document["results"]);
        document["batching"].push_back(batching(arguments_, name, scene));
      }
      document["devices"].push_back(std::move(device));
    }
    document["reference"] = reference_.empty() ? Json(reference_failure_) : Json("ok");
    return document;
  }

 private:
  Case scene_case() const {
    Case scene = cases_of(arguments_.sweep).front();
    scene.settings.clear();
    scene.views = options_.images;
    return scene;
  }

  /// Drivers and plugins are asked in children: one that dies is a reason in the list.
  std::vector<PluginInfo> look_for_devices() const {
    host::Arguments asking = arguments_.common;
    asking.command = host::Command::devices;
    host::Setup setup = host::make_setup(asking);
    return setup.registry.devices();
  }

  static Json availability(const std::string& name, const std::vector<PluginInfo>& plugins) {
    const auto plugin =
        std::find_if(plugins.begin(), plugins.end(), [&](const PluginInfo& one) { return one.name == name; });
    if (plugin == plugins.end())
      return {{"name", name}, {"available", false}, {"reason", "no plugin of this name was found"}};
    const bool available = plugin->reason.empty() && plugin->score > 0;
    Json json{{"name", name},
              {"available", available},
              {"plugin", plugin->version},
              {"runtime", plugin->runtime_id}};
    if (!available) json["reason"] = plugin->reason.empty() ? "it has no usable device" : plugin->reason;
    if (available)
      json["device"] =
          std::max_element(plugin->devices.begin(), plugin->devices.end(), [](const auto& a, const auto& b) {
            return a.score < b.score;
          })->name;
    return json;
  }

  /// The depth that the others are compared with.
  void make_reference() {
    tell("reference");
    try {
      host::Arguments common = arguments_.common;
      common.config = "reference";
      Subject subject(common, scene_case());
      subject.set_pixels(gradients(options_.images, subject.what().height, subject.what().width));
      reference_ = depth_of(subject.run().result);
    } catch (const host::PhaseError& error) {
      stop_if_cancelled(error);
      if (error.phase() == host::Phase::profile || error.phase() == host::Phase::model) throw;
      reference_failure_ = error.message();
    }
  }

  void try_device(const std::string& name, Json& device, Json& results) {
    size_t passed = 0;
    const std::vector<Configuration> all = configurations_of(name);
    for (const Configuration& configuration : all) {
      tell(name + ": " + configuration_name(configuration));
      results.push_back(try_one(name, configuration));
      passed += results.back()["ok"].get<bool>();
    }
    device["configurations"] = all.size();
    device["passed"] = passed;
    device["success_rate"] = static_cast<double>(passed) / static_cast<double>(all.size());
    add_speedups(name, results);
  }

  Json try_one(const std::string& device, const Configuration& configuration) {
    Json entry{{"device", device},
               {"name", configuration_name(configuration)},
               {"performance_mode", configuration.performance_mode},
               {"mixed_precision", configuration.mixed_precision},
               {"enable_compile", configuration.compile},
               {"ok", false},
               {"reason", ""}};
    warnings_.take();
    const std::optional<uint64_t> before = resident_memory();
    reset_peak_resident();
    Json held = Json::object();
    try {
      run_one(device, configuration, entry, held);
    } catch (const host::PhaseError& error) {
      stop_if_cancelled(error);
      entry["reason"] = error.message();
    }
    entry["memory"] = {{"before", known(before)},
                       {"peak", known(peak_resident_memory())},
                       {"after", known(resident_memory())}};
    entry["memory"].update(held);
    entry["warnings"] = warnings_.take();
    return entry;
  }

  void run_one(const std::string& device, const Configuration& configuration, Json& entry, Json& held) {
    Case what = scene_case();
    what.settings = {{"backend", device},
                     {"performance_mode", configuration.performance_mode},
                     {"mixed_precision", configuration.mixed_precision},
                     {"enable_compile", configuration.compile ? "true" : "false"}};
    Subject subject(arguments_.common, what);
    subject.set_pixels(gradients(options_.images, what.height, what.width));
    Json policy = Json::object();
    for (const Setting& setting : subject.engine().describe())
      if (setting.key.starts_with("effective.")) policy[setting.key] = setting.value;
    entry["policy"] = std::move(policy);
    SampleSet samples;
    std::vector<float> first;
    double across = 0;
    for (int i = 0; i < options_.warmup + options_.runs; ++i) {
      const RunSample sample = subject.run();
      std::vector<float> depth = depth_of(sample.result);
      if (first.empty()) first = depth;
      const double off = depth_difference(depth, first).largest;
      across = std::isnan(off) ? off : std::max(across, off);
      if (std::isnan(across)) break;
      if (i >= options_.warmup) samples.add(sample);
    }
    judge(entry, samples, first, across);
    if (const std::optional<Memory> memory = subject.memory()) {
      held["device_weights"] = memory->weights == UINT64_MAX ? Json() : Json(memory->weights);
      held["device_peak"] = memory->peak == UINT64_MAX ? Json() : Json(memory->peak);
    }
  }

  void judge(Json& entry, const SampleSet& samples, const std::vector<float>& depth, double across) const {
    entry["difference_across_runs"] = finite(across);
    if (!std::isfinite(across)) {
      entry["reason"] = "the depth holds numbers that are not finite";
      return;
    }
    entry["ms"] = samples.summary_json();
    entry["stages"] = samples.stages_summary_json();
    entry["images_per_second"] = options_.images * 1e3 / median(samples.total());
    if (!reference_.empty()) {
      const DepthDifference off = depth_difference(depth, reference_);
      entry["difference_to_reference"] = {{"largest", finite(off.largest)},
                                          {"largest_relative", finite(off.largest_relative)},
                                          {"mean_relative", finite(off.mean_relative)}};
    }
    entry["ok"] = across == 0;
    if (across != 0) entry["reason"] = "runs of the same images differ, they must not";
  }

  /// Against float32 without compilation, in the same mode: of the CPU, and of the device itself.
  void add_speedups(const std::string& device, Json& results) const {
    const auto baseline = [&](const std::string& of, const Json& mode) -> Json {
      for (const Json& one : results)
        if (one["device"] == of && one["performance_mode"] == mode && one["mixed_precision"] == "off" &&
            !one["enable_compile"].get<bool>() && one.contains("ms"))
          return one["ms"]["p50"];
      return {};
    };
    for (Json& one : results) {
      if (one["device"] != device || !one.contains("ms")) continue;
      const auto speedup = [&](const Json& of) {
        return of.is_number() ? Json(of.get<double>() / one["ms"]["p50"].get<double>()) : Json();
      };
      one["speedup_against_cpu"] = speedup(baseline("cpu", one["performance_mode"]));
      one["speedup_against_float32"] = speedup(baseline(device, one["performance_mode"]));
    }
  }

  void tell(const std::string& what) const {
    if (!arguments_.common.quiet) std::fprintf(stderr, "%s\n", what.c_str());
  }

  static void stop_if_cancelled(const host::PhaseError& error) {
    if (error.code() == DA3_E_CANCELLED || host::signals::caught() != 0) throw error;
  }

  const Arguments& arguments_;
  const ValidateOptions& options_;
  KeptWarnings warnings_;
  std::vector<float> reference_;
  std::string reference_failure_;
};

}  // namespace

Json validate(const Arguments& arguments) { return Validation(arguments).go(); }

int validate_exit(const Json& document) {
  size_t tried = 0, passed = 0;
  for (const Json& one : document.at("results")) ++tried, passed += one.at("ok").get<bool>();
  if (tried == 0) return host::exit_load;
  return passed == tried ? host::exit_ok : passed == 0 ? host::exit_run : host::exit_some_failed;
}

}  // namespace da3::bench
