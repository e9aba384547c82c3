// SPDX-License-Identifier: Apache-2.0
#include "verify/consistency.hpp"

#include <algorithm>
#include <numeric>

#include "backend.hpp"
#include "exit_code.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"
#include "verify/prediction.hpp"

namespace da3::host {
namespace {

/// The same sums in another order, in float32: what the golden tests accept.
constexpr Bounds rounding{1e-4, 1e-3, 1e-3};
/// docs/precision.md derives those of depth; poses and focal lengths have twice what the tests accept, whose
/// pictures are always the same.
constexpr Bounds bfloat16{6e-3, 0.06, 0.1}, float16{1e-3, 6e-3, 0.02}, int8{1e-2, 0.1, 0.3};
constexpr Bounds low_head{3e-3, 1e-4, 1e-4};
/// Not a theorem: what a network that was trained to see several views at once makes of one that it sees
/// twice.
constexpr Bounds seen_twice{0.1, 0.1, 0.1};
/// The sky ends at a quantile of the scene, which moves with the number of its pixels.
constexpr double other_quantile = 0.02;

using Overrides = std::vector<std::pair<std::string, std::string>>;

struct Loaded {
  Engine engine;
  Model model;
  Session session;
};

class Consistency {
 public:
  Consistency(Setup& setup, const io::Views& pictures, Progress& progress, VerifyReport& report)
      : setup_(setup), pictures_(pictures), progress_(progress), report_(report) {}

  void run() {
    const Choice::Candidate first =
        in_phase(Phase::backend, [&] { return setup_.registry.choose(setup_.profile).candidates.front(); });
    backend_ = first.name;
    // Of a chain of backends all checks are about the one that a run would use: the first that can be made.
    backend_ = make_engine(setup_, setup_.profile).backend();
    plan();
    for (size_t i = 0; i < steps_.size() && report_.exit_status != exit_load; ++i) take(steps_[i], i + 1);
  }

 private:
  struct Step {
    std::string name;
    std::function<Check()> body;
  };

  void plan() {
    add("float32", [this] { return float32(); });
    add("repeat", [this] { return repeat(); });
    add("order", [this] { return order(); });
    add("equal-views", [this] { return equal_views(); });
    add("chunks", [this] { return chunks(); });
    add("compiled", [this] { return compiled(); });
    add("precision.bfloat16", [this] { return precision("mixed_precision", "bfloat16", bfloat16); });
    add("precision.float16", [this] { return precision("mixed_precision", "float16", float16); });
    add("precision.int8", [this] { return precision("mixed_precision", "int8", wide_for_sky(int8)); });
    add("head.tf32", [this] { return precision("head_precision", "tf32", low_head); });
    add("head.float16", [this] { return precision("head_precision", "float16", low_head); });
    if (backend_ != "cpu") add("cpu", [this] { return against_cpu(); });
  }

  void add(std::string name, std::function<Check()> body) {
    steps_.push_back({std::move(name), std::move(body)});
  }

  void take(const Step& step, size_t item) {
    if (signals::caught() != 0)
      throw PhaseError(Phase::run, Error(DA3_E_CANCELLED, "the verification was stopped by a signal"));
    progress_.begin(item, steps_.size(), step.name, "computing");
    Stopwatch watch;
    Check check;
    try {
      check = step.body();
    } catch (const Error& error) {
      if (error.code() == DA3_E_CANCELLED) throw;
      const bool memory = error.code() == DA3_E_NOMEM_HOST || error.code() == DA3_E_NOMEM_DEVICE;
      if (memory && report_.exit_status == 0) report_.exit_status = exit_memory;
      check.verdict = Verdict::failed;
      check.message = error.message();
    }
    check.name = step.name;
    check.milliseconds = watch.lap();
    for (const Measure& measure : check.measures)
      if (!measure.holds() && check.verdict == Verdict::passed) check.verdict = check.beyond;
    if (check.verdict == Verdict::failed && report_.exit_status == 0) report_.exit_status = exit_run;
    progress_.end(check.milliseconds, check.verdict == Verdict::skipped ? "skipped" : "ok",
                  check.verdict == Verdict::failed ? "see the report" : "");
    report_.checks.push_back(std::move(check));
  }

  bool publishes(const std::string& backend, const std::string& key) const {
    const auto options = setup_.registry.schema().backend_options(backend);
    return std::any_of(options.begin(), options.end(), [&](const OptionSpec& o) { return o.key == key; });
  }

  /// The backend with these settings over the profile's; IEEE float32 as it is, unless they say otherwise.
  Loaded open(const std::string& backend, const Overrides& overrides) {
    Profile profile = setup_.profile;
    profile.set(Layer::command_line, "backend", backend, "verify");
    Overrides all{{"mixed_precision", "off"},
                  {"head_precision", "float32"},
                  {"enable_compile", "false"},
                  {"deterministic", "true"}};
    all.insert(all.end(), overrides.begin(), overrides.end());
    for (const auto& [key, value] : all) {
      if (!publishes(backend, key)) continue;
      const bool own = key.starts_with(backend + ".");
      profile.set(Layer::command_line, own ? key : backend + "." + key, value, "verify");
    }
    Engine engine = make_engine(setup_, profile);
    Watch watch;
    watch.should_cancel = [] { return signals::caught() != 0; };
    watch.progress = [this](uint64_t done, uint64_t total, std::string_view stage) {
      progress_.advance(done, total, stage);
    };
    Model model = in_phase(Phase::model, [&] { return engine.load_model(report_.model_path, watch); });
    Session session = in_phase(Phase::model, [&] { return model.create_session(); });
    return {std::move(engine), std::move(model), std::move(session)};
  }

  Prediction predict_views(Loaded& loaded, const std::vector<size_t>& views) const {
    return predict(loaded.model, loaded.session, pictures_, views);
  }

  std::vector<size_t> first_views(size_t most) const {
    std::vector<size_t> views(std::min(most, static_cast<size_t>(pictures_.views)));
    std::iota(views.begin(), views.end(), size_t{0});
    return views;
  }

  /// The run that the others are compared with. Whatever it is about, it must be possible.
  Check float32() {
    try {
      reference_.emplace(open(backend_, {}));
    } catch (const PhaseError& error) {
      if (error.phase() != Phase::model || error.code() == DA3_E_CANCELLED) throw;
      report_.exit_status = error.exit();
      return {"", Verdict::failed, error.message()};
    }
    const Engine& engine = reference_->engine;
    report_.backend = engine.backend();
    report_.plugin = engine.plugin().id + " " + engine.plugin().version;
    report_.device = engine.device().name;
    report_.policy = engine.describe();
    all_ = predict_views(*reference_, first_views(SIZE_MAX));
    // The reference view of three or more is chosen, and another precision may choose another: another
    // answer.
    two_ = all_.views > 2 ? predict_views(*reference_, first_views(2)) : all_;
    const auto below = [&](const char* output, float least) {
      const auto found = all_.outputs.find(output);
      return found != all_.outputs.end() &&
             std::any_of(found->second.begin(), found->second.end(), [&](float v) { return !(v >= least); });
    };
    if (below("depth", 0)) return {"", Verdict::failed, "there are negative depths"};
    if (below("confidence", 1)) return {"", Verdict::failed, "there are confidences below 1"};
    return {"", Verdict::passed,
            "depth is not negative" +
                std::string(all_.outputs.count("confidence") ? ", confidence is 1 or more" : "")};
  }

  Check repeat() {
    const Prediction again = predict_views(*reference_, first_views(SIZE_MAX));
    if (again.outputs == all_.outputs) return {"", Verdict::passed, "the same bits"};
    return {"", Verdict::failed, "the same input gave other numbers", compare(again, all_, {0, 0, 0})};
  }

  Check order() {
    if (all_.views < 3)
      return {"", Verdict::skipped, "it needs three views: with two the first is the reference"};
    std::vector<size_t> turned = first_views(SIZE_MAX);
    std::rotate(turned.begin(), turned.begin() + 1, turned.end());
    const Prediction got = predict_views(*reference_, turned);
    return {"", Verdict::passed, "views in another order give the same",
            compare(got, all_.of_views(turned), rounding)};
  }

  bool sees_views_together() const {
    return report_.facts && (report_.facts->family == "any-view" || report_.facts->family == "nested");
  }

  Check equal_views() {
    const Prediction alone = predict_views(*reference_, {0}), both = predict_views(*reference_, {0, 0});
    Bounds bounds = sees_views_together() ? seen_twice : rounding;
    Check check{"", Verdict::passed, "one view, and the same view twice",
                compare(both.of_views({1}), both.of_views({0}), bounds)};
    if (sees_views_together()) {
      check.beyond = Verdict::warned;
      check.message += " (a network without training fails this)";
    }
    if (has_sky()) bounds.depth = std::max(bounds.depth, other_quantile);
    for (Measure& measure : compare(both.of_views({0}), alone, bounds)) {
      measure.name += " against one";
      check.measures.push_back(std::move(measure));
    }
    return check;
  }

  Check chunks() {
    const std::string key = backend_ + ".head_chunk_views";
    if (!publishes(backend_, key)) return {"", Verdict::skipped, "the backend does not offer " + key};
    if (all_.views < 2) return {"", Verdict::skipped, "it needs two views"};
    Loaded one = open(backend_, {{key, "1"}}),
           whole = open(backend_, {{key, std::to_string(std::min<size_t>(all_.views, 64))}});
    return {"", Verdict::passed, "heads in chunks of one view and of all",
            compare(predict_views(one, first_views(SIZE_MAX)), predict_views(whole, first_views(SIZE_MAX)),
                    rounding)};
  }

  Check compiled() {
    if (!publishes(backend_, "enable_compile"))
      return {"", Verdict::skipped, "the backend does not offer enable_compile"};
    Loaded loaded = open(backend_, {{"enable_compile", "true"}});
    const std::string what = loaded.engine.value("effective.compile");
    if (what.empty() || what == "off")
      return {"", Verdict::skipped,
              "the backend does not compile: " + loaded.engine.value("effective.compile.reason")};
    // The second run of a shape may be another than the first: recorded, then played.
    Check check{"", Verdict::passed, what + ", and without"};
    for (int run = 0; run < 3; ++run)
      check.measures = worse(std::move(check.measures),
                             compare(predict_views(loaded, first_views(SIZE_MAX)), all_, rounding));
    return check;
  }

  static std::vector<Measure> worse(std::vector<Measure> before, std::vector<Measure> now) {
    for (size_t i = 0; i < before.size(); ++i)
      if (!(now[i].value >= before[i].value)) now[i] = before[i];
    return now;
  }

  Check precision(const std::string& key, const std::string& value, const Bounds& bounds) {
    if (!publishes(backend_, key)) return {"", Verdict::skipped, "the backend does not offer " + key};
    std::optional<Loaded> loaded;
    try {
      loaded.emplace(open(backend_, {{key, value}}));
    } catch (const PhaseError& error) {
      if (error.phase() != Phase::backend) throw;
      return {"", Verdict::skipped, error.message()};
    }
    const std::string effective =
        key == "mixed_precision" ? "effective.precision" : "effective.head_precision";
    const std::string reason = loaded->engine.value(effective + ".reason");
    if (const std::string got = loaded->engine.value(effective); got != value)
      return {"", Verdict::skipped, "the backend computes in " + got + (reason.empty() ? "" : ": " + reason)};
    return {"", Verdict::passed, reason, compare(predict_views(*loaded, first_views(2)), two_, bounds)};
  }

  bool has_sky() const {
    return report_.facts && (report_.facts->can.sky || report_.facts->can.scale_factor);
  }

  /// Pixels at the border of the sky fall on the other side.
  Bounds wide_for_sky(Bounds bounds) const {
    if (has_sky()) bounds.depth *= 2.5;
    return bounds;
  }

  Check against_cpu() {
    std::optional<Loaded> cpu;
    try {
      cpu.emplace(open("cpu", {}));
    } catch (const PhaseError& error) {
      if (error.phase() != Phase::backend) throw;
      return {"", Verdict::skipped, error.message()};
    }
    return {"", Verdict::passed, "float32 here and on the CPU",
            compare(two_, predict_views(*cpu, first_views(2)), rounding)};
  }

  Setup& setup_;
  const io::Views& pictures_;
  Progress& progress_;
  VerifyReport& report_;
  std::string backend_;
  std::vector<Step> steps_;
  std::optional<Loaded> reference_;
  Prediction all_, two_;  ///< of the reference: all views, the first two
};

}  // namespace

void check_consistency(Setup& setup, const io::Views& views, Progress& progress, VerifyReport& report) {
  Consistency(setup, views, progress, report).run();
}

}  // namespace da3::host
