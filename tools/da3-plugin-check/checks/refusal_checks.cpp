// SPDX-License-Identifier: Apache-2.0
// Runs that must be refused, and what refuses them.
#include <functional>
#include <limits>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

constexpr int32_t kind_input = 2, kind_output = 3;

/// A bad run and what must be said about it.
struct BadRun {
  const char* what;
  std::function<void(Run&)> change;
  int32_t kind;
  int64_t index;  ///< -2: any
};

class Refusals {
 public:
  explicit Refusals(Context& context) : bench_(context), session_(bench_.table(), bench_.model->get()) {
    outputs_ = bench_.known_outputs(small_image());
    if (outputs_.empty()) skip("the model has no output whose shape is known before the run");
  }

  /// One output of the host's memory, one of the plugin's.
  void refuse(const BadRun& bad) {
    Run run(small_image());
    run.host_output(outputs_[0]);
    if (outputs_.size() > 1) run.plugin_output(outputs_[1]);
    bad.change(run);
    const Answer answer = run.run(bench_.table(), session_.get(), std::string("a run with ") + bad.what);
    expect_refused(answer, {DA3_E_INVALID, DA3_E_SHAPE}, bad.kind, bad.index);
    if (const std::string damage = run.damage();
        !damage.empty() && damage.find("input was written") == std::string::npos)
      fail(answer.what + ": " + damage);
    ++count_;
  }

  void still_works() { bench_.results(session_.get(), small_image(), 1); }
  const OutputSpec& output() const { return outputs_[0]; }
  Bench& bench() { return bench_; }
  da3_session* session() { return session_.get(); }
  std::string counted() const { return std::to_string(count_) + " bad runs"; }

 private:
  Bench bench_;
  Session session_;
  std::vector<OutputSpec> outputs_;
  size_t count_ = 0;
};

void reshape(Run& run, Shape shape) {
  run.image().shape = std::move(shape);
  run.image().t.shape = run.image().shape.data();
  run.image().t.ndim = static_cast<int32_t>(run.image().shape.size());
}

std::string bad_inputs(Context& context) {
  Refusals runs(context);
  runs.refuse({"no input", [](Run& run) { run.inputs().clear(); }, kind_input, -2});
  const BadRun list[] = {
      {"an input \"picture\"", [](Run& run) { run.image().t.name = "picture"; }, kind_input, -2},
      {"an image of float32", [](Run& run) { run.image().t.code = 2, run.image().t.bits = 32; }, kind_input,
       0},
      {"an image of rank 4",
       [](Run& run) {
         reshape(run, {2, 28, 42, 3});
       },
       kind_input, 0},
      {"an image of rank 0", [](Run& run) { reshape(run, {}); }, kind_input, 0},
      {"an image of 4 channels",
       [](Run& run) {
         reshape(run, {1, 2, 28, 42, 4});
       },
       kind_input, 0},
      {"an image of height 27",
       [](Run& run) {
         reshape(run, {1, 2, 27, 42, 3});
       },
       kind_input, 0},
      {"an image of width 0",
       [](Run& run) {
         reshape(run, {1, 2, 28, 0, 3});
       },
       kind_input, 0},
      {"no view",
       [](Run& run) {
         reshape(run, {1, 0, 28, 42, 3});
       },
       kind_input, 0},
      {"a negative number of scenes",
       [](Run& run) {
         reshape(run, {-1, 2, 28, 42, 3});
       },
       kind_input, 0},
      {"an image that has more bytes than 64 bits count",
       [](Run& run) {
         reshape(run, {1, std::numeric_limits<int64_t>::max() / 2, 28, 42, 3});
       },
       kind_input, 0},
      {"an image of 2^65 bytes, no side of which is long",
       [](Run& run) {
         reshape(run, {65536, 65536, 57344, 57344, 3});
       },
       kind_input, 0},
      {"two images", [](Run& run) { run.input("image", small_image(), 1, 8); }, kind_input, -2},
      {"an unknown second input",
       [](Run& run) {
         run.input("no_such_input", {1, 2, 3}, 2, 32);
       },
       kind_input, -2},
  };
  for (const BadRun& bad : list) runs.refuse(bad);
  runs.still_works();
  return runs.counted();
}

std::string bad_outputs(Context& context) {
  Refusals runs(context);
  const OutputSpec& known = runs.output();
  const Shape shape = shape_of(known, small_image());
  Shape longer = shape, flat = shape;
  longer.back() += 1;
  flat.insert(flat.begin(), 1);
  runs.refuse({"an unknown output",
               [](Run& run) {
                 run.outputs().resize(1), run.plugin_output({"no_such_output", "float32 [B]"});
               },
               kind_output, 1});
  runs.refuse({"an unknown output of the host's",
               [](Run& run) {
                 run.outputs().resize(1), run.host_output_of("depthh", {1, 2, 28, 42});
               },
               kind_output, 1});
  runs.refuse({"an output twice", [&](Run& run) { run.outputs().resize(1), run.plugin_output(known); },
               kind_output, 1});
  const auto replace = [&](Run& run, const Shape& wrong) {
    run.outputs().clear(), run.host_output_of(known.name, wrong);
  };
  runs.refuse({"an output that is too long", [&](Run& run) { replace(run, longer); }, kind_output, 0});
  runs.refuse({"an output of another rank", [&](Run& run) { replace(run, flat); }, kind_output, 0});
  runs.refuse({"an output of rank 0", [&](Run& run) { replace(run, {}); }, kind_output, 0});
  runs.refuse(
      {"an output of uint8",
       [&](Run& run) { run.outputs().resize(1), run.outputs()[0]->t.code = 1, run.outputs()[0]->t.bits = 8; },
       kind_output, 0});
  runs.refuse({"an output of float64",
               [&](Run& run) { run.outputs().resize(1), run.outputs()[0]->t.bits = 64; }, kind_output, 0});
  runs.still_works();
  return runs.counted();
}

std::string bad_cameras(Context& context) {
  Refusals runs(context);
  if (!runs.bench().model->has_input("extrinsics")) skip("the model takes no cameras");
  const auto cameras = [](Run& run, float value) {
    for (const auto& [name, side] : {std::pair<const char*, int64_t>{"extrinsics", 4}, {"intrinsics", 3}}) {
      Box& box = run.input(name, {1, 2, side, side}, 2, 32);
      for (int64_t i = 0; i < 2 * side * side; ++i) {
        const float number = i % (side * side) % (side + 1) == 0 ? 1.0f : value;
        std::memcpy(box.memory->data() + i * 4, &number, 4);
      }
    }
  };
  runs.refuse({"extrinsics of another rank",
               [](Run& run) {
                 run.input("extrinsics", {2, 4, 4}, 2, 32);
               },
               kind_input, -2});
  for (float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 0.0f}) {
    Run run(small_image());
    run.host_output(runs.output());
    cameras(run, value);
    const Answer answer = run.run(runs.bench().table(), runs.session());
    if (!answer.ok() && !answer.defect.empty()) fail(answer.text() + "; but " + answer.defect);
    if (answer.ok() && value != 0.0f)
      context.note("cameras with " + std::to_string(value) + " are not refused");
  }
  runs.still_works();
  return "";
}

std::string run_options(Context& context) {
  Refusals runs(context);
  const auto answer = [&](const Values& values) {
    Run run(small_image());
    run.plugin_output(runs.output());
    run.set_options(values);
    return run.run(runs.bench().table(), runs.session());
  };
  expect_refused(answer({{"no_such_key_anywhere", "1"}}), {DA3_E_UNKNOWN_KEY}, 1, 0);
  for (const OptionRow& row : options(runs.bench().table())) {
    if (row.scope == DA3_SCOPE_OPTIMIZER) {
      expect_refused(answer({{row.key, row.def}}), {DA3_E_UNKNOWN_KEY}, 1, 0);
      continue;
    }
    const Answer good = answer({{row.key, row.def}});
    if (!good.ok()) fail("the default of " + row.key + " is refused: " + good.text());
    if (row.type.find("string") == std::string::npos && row.type.find("path") == std::string::npos)
      expect_refused(answer({{row.key, row.def}, {row.key + "x", "1"}}), {DA3_E_UNKNOWN_KEY}, 1, 1);
    if (row.type.find("int") != std::string::npos || row.type.find("bool") != std::string::npos ||
        row.type.starts_with("enum"))
      for (const std::string& value :
           {std::string("no such value"), std::string(), std::string(1 << 20, 'x')})
        expect_refused(answer({{row.key, value}}), {DA3_E_BAD_VALUE}, 1, 0);
  }
  runs.still_works();
  return "";
}

}  // namespace

std::vector<Check> refusal_checks() {
  constexpr const char* written = "plugin.h, INPUTS and OUTPUTS of a run";
  return {
      {30, "bad inputs are refused",
       "wrong dtype, rank, name, number, zero and huge shapes: DA3_E_INVALID or DA3_E_SHAPE, kind 2 and "
       "index; the session works afterwards",
       written, Needs::run, false, bad_inputs},
      {66, "bad outputs are refused",
       "unknown, repeated or misshapen outputs: DA3_E_INVALID or DA3_E_SHAPE, kind 3 and index; nothing is "
       "left allocated",
       written, Needs::run, false, bad_outputs},
      {67, "bad cameras end cleanly",
       "misshapen, infinite or NaN cameras do not crash and leave the session usable", written, Needs::run,
       false, bad_cameras},
      {68, "options of a run", "defaults work, unknown keys and bad values are refused with kind 1 and index",
       "plugin.h, da3_run.opts", Needs::run, false, run_options},
  };
}

}  // namespace da3::check
