// SPDX-License-Identifier: Apache-2.0
#include "run_model.hpp"

#include "exit_code.hpp"
#include "locations.hpp"
#include "models/find_model.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace fs = std::filesystem;

fs::path model_of_run(const Setup& setup, bool demo_inputs) {
  const Setting wanted = setup.registry.schema().value(setup.profile, "model");
  const bool demo = wanted.value.empty();
  const fs::path folder = in_phase(Phase::model, [&] {
    return demo ? demo_model(share_folder())
                : find_model(wanted.value, setup.profile.get_path("model"), share_folder());
  });
  if (demo && !demo_inputs)
    log(LogLevel::warn,
        "no model was given (--model, of da3 --model-dir): the demo model is used, which is for "
        "demonstrations and not for "
        "photographs; get a published model and name its folder");
  return folder;
}

Model load_model(const Engine& engine, RunReport& report, Progress& progress, RunProfile* profile,
                 PinnedFile& file, const std::function<void()>& begun) {
  progress.begin(0, 0, report.model_path.string(), "loading model");
  Watch watch;
  watch.should_cancel = [] { return signals::caught() != 0; };
  watch.progress = [&](uint64_t done, uint64_t total, std::string_view stage) {
    begun();
    progress.advance(done, total, stage);
  };
  watch.trace = profile ? profile->sink(report.load_stages) : report.load_stages.sink();
  if (profile) watch.trace_detail = TraceDetail::layers;
  const RunProfile::Own span(profile, "load");
  const fs::path weights = report.model_path / "model.safetensors";
  const PinnedFile opened(weights);
  Stopwatch time;
  Model model = in_phase(Phase::model, [&] { return engine.load_model(report.model_path, watch); });
  report.load_ms = time.lap();
  if (opened.is_at(weights)) file = opened;  // else nobody knows which of two was loaded
  report.policy = engine.describe();         // a load may settle more of it
  progress.end(report.load_ms, "loaded", "");
  report.model = model.describe();
  return model;
}

}  // namespace da3::host
