// SPDX-License-Identifier: Apache-2.0
#include "subject.hpp"

#include <algorithm>
#include <utility>

#include "backend.hpp"
#include "exit_code.hpp"
#include "locations.hpp"
#include "models/find_model.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace da3::bench {
namespace {

using host::in_phase;
using host::Phase;

/// What a backend cannot tell is not known; other errors go on.
template <class Ask>
std::optional<Memory> if_told(Ask&& ask) {
  try {
    return ask();
  } catch (const Error& error) {
    if (error.code() == DA3_E_UNSUPPORTED) return std::nullopt;
    throw;
  }
}

}  // namespace

host::Arguments arguments_for(const host::Arguments& common, const Case& what) {
  host::Arguments arguments = common;
  if (!what.model.empty()) arguments.settings.push_back({"model", what.model, "--model"});
  for (const auto& [key, value] : what.settings)
    arguments.settings.push_back({key, value, key == "threads" ? "--threads" : "--set"});
  return arguments;
}

Subject::Subject(const host::Arguments& common, const Case& what, TraceSink operations)
    : what_(what), operations_(std::move(operations)), setup_(host::make_setup(arguments_for(common, what))) {
  host::Stopwatch watch;
  engine_.emplace(host::make_engine(setup_, setup_.profile));
  backend_ms_ = watch.lap();
  find_checkpoint();
  load();
  const std::vector<std::string> has = model_->outputs();
  for (const char* name : {"depth", "confidence", "extrinsics", "intrinsics", "scale_factor"})
    if (std::find(has.begin(), has.end(), name) != has.end()) outputs_.emplace_back(name);
  pixels_ = coloured_squares(what_.batch * what_.views, what_.height, what_.width);
}

void Subject::find_checkpoint() {
  model_path_ = in_phase(Phase::model, [&] {
    const Setting wanted = setup_.registry.schema().value(setup_.profile, "model");
    return wanted.value.empty()
               ? host::demo_model(share_folder())
               : host::find_model(wanted.value, setup_.profile.get_path("model"), share_folder());
  });
}

void Subject::load() {
  Watch watch;
  listen(watch, load_stages_);
  host::Stopwatch time;
  in_phase(Phase::model, [&] {
    model_.emplace(engine_->load_model(model_path_, watch));
    load_ms_ = time.lap();
    session_.emplace(model_->create_session());
  });
}

void Subject::listen(Watch& watch, host::StageTimes& stages) const {
  watch.should_cancel = [] { return host::signals::caught() != 0; };
  watch.trace = stages.sink();
  if (!operations_) return;
  watch.trace_detail = TraceDetail::operations;
  watch.trace = [this, stage = stages.sink()](const TraceSpan& span) { stage(span), operations_(span); };
}

Session Subject::new_session() const {
  return in_phase(Phase::model, [&] { return model_->create_session(); });
}

RunRequest Subject::request() const {
  RunRequest request;
  request.inputs = {Tensor::borrow("image", DType::uint8,
                                   {what_.batch, what_.views, what_.height, what_.width, 3}, pixels_.data())};
  request.outputs = outputs_;
  request.output_memory = OutputMemory::plugin;
  return request;
}

RunSample Subject::run(Session& session) const {
  return in_phase(Phase::run, [&] {
    RunSample sample;
    RunRequest asked = request();
    listen(asked.watch, sample.stages);
    host::Stopwatch time;
    sample.result = session.run(asked);
    sample.milliseconds = time.lap();
    return sample;
  });
}

std::optional<Memory> Subject::estimate() const {
  return if_told([&] { return model_->estimate(request()); });
}

std::optional<Memory> Subject::memory() const {
  return if_told([&] { return engine_->memory(); });
}

}  // namespace da3::bench
