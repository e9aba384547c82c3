// SPDX-License-Identifier: Apache-2.0
// Random call sequences, all of them legal: what a host may do, in orders that nobody thinks of.
#include <da3/option_type.hpp>

#include <random>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "watch.hpp"

namespace da3::check {
namespace {

/// Live objects; children go before their parents.
struct LiveSession {
  std::unique_ptr<Session> session;
  std::vector<std::unique_ptr<Run>> kept;  ///< runs whose outputs are not released yet
};
struct LiveModel {
  std::unique_ptr<Model> model;
  std::vector<LiveSession> sessions;
};
struct LiveOptimizer {
  std::unique_ptr<Optimizer> optimizer;
  std::vector<LiveModel> models;
};

class Sequence {
 public:
  Sequence(Context& context, uint64_t seed)
      : context_(context),
        seed_(seed),
        random_(seed),
        host_(context),
        plugin_(context, host_),
        options_(options(plugin_.table())) {}

  void run(uint32_t steps) {
    for (step_ = 0; step_ < steps; ++step_) one_step();
    say("the end: everything is destroyed");
    orphans_.clear();
    while (!optimizers_.empty()) drop_optimizer();
    if (const std::string misuse = host_.misuse(); !misuse.empty()) fail(where() + misuse);
  }

  std::string where() const {
    return "seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ": ";
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  template <class T>
  T& any(std::vector<T>& list) {
    return list[below(list.size())];
  }

  void say(const std::string& what) {
    trace(where() + what);
    if (context_.fuzz.show) context_.note(where() + what);
  }

  void one_step() {
    switch (below(16)) {
      case 0:
        say("probe"), probe(plugin_.table());
        break;
      case 1:
        say("options"), options(plugin_.table());
        break;
      case 2:
        say("enter again, shutdown"), Plugin(context_, host_);
        break;
      case 3:
      case 4:
        if (optimizers_.size() < 3) add_optimizer();
        break;
      case 5:
        if (!optimizers_.empty() && below(3) == 0) drop_optimizer();
        break;
      case 6:
        bad_optimizer();
        break;
      default:
        if (optimizers_.empty())
          add_optimizer();
        else
          step_with(any(optimizers_));
    }
  }

  void step_with(LiveOptimizer& at) {
    const uint64_t what = below(10);
    if (what == 0) {
      say("optimizer_describe"), describe(plugin_.table(), at.optimizer->get());
    } else if (what == 1) {
      memory_and_trim(at);
    } else if (context_.model.empty()) {
      say("optimizer_describe"), describe(plugin_.table(), at.optimizer->get());
    } else if (at.models.size() < 2 && (at.models.empty() || what == 2)) {
      say("model_load");
      at.models.push_back(
          {std::make_unique<Model>(plugin_.table(), at.optimizer->get(), context_.model.string()), {}});
    } else if (what == 3 && below(3) == 0) {
      say("model_destroy");
      drop_model(at.models, below(at.models.size()));
    } else {
      step_with(any(at.models));
    }
  }

  void step_with(LiveModel& at) {
    const uint64_t what = below(8);
    if (what == 0) {
      say("model_describe"), describe(plugin_.table(), at.model->get());
    } else if (at.sessions.size() < 3 && (at.sessions.empty() || what == 1)) {
      say("session_create");
      at.sessions.push_back({std::make_unique<Session>(plugin_.table(), at.model->get()), {}});
    } else if (what == 2 && below(2) == 0) {
      say("session_destroy");
      drop_session(at.sessions, below(at.sessions.size()));
    } else if (what == 3 && !orphans_.empty()) {
      say("release of outputs whose session may be gone");
      orphans_.erase(orphans_.begin() + static_cast<ptrdiff_t>(below(orphans_.size())));
    } else {
      make_run(at, any(at.sessions));
    }
  }

  std::string any_value(const OptionRow& row) {
    const auto parts = option_type::split(row.type, '|');
    const std::string part(parts[below(parts.size())]);
    if (part.starts_with("enum{")) {
      const auto words = option_type::split(std::string_view(part).substr(5, part.size() - 6), ',');
      return std::string(option_type::trim(words[below(words.size())]));
    }
    if (part == "bool") return below(2) ? "true" : "false";
    for (const char* value : {"1", "2", "0.5", "0"})
      if (below(2) && option_type::accepts(part, value)) return value;
    return row.def;
  }

  void add_optimizer() {
    Values values;
    std::string text;
    for (const OptionRow& row : options_)
      if (row.scope == DA3_SCOPE_OPTIMIZER && below(4) == 0) {
        values.emplace_back(row.key, any_value(row));
        text += " " + values.back().first + "=" + values.back().second;
      }
    say("optimizer_create" + text);
    da3_optimizer* optimizer = nullptr;
    const Answer answer = create(plugin_.table(), usable_device(plugin_.table()), values, &optimizer);
    if (answer.ok()) {
      call_void("optimizer_destroy", [&] { plugin_->optimizer_destroy(optimizer); });
      say("optimizer_create again");
      optimizers_.push_back({std::make_unique<Optimizer>(plugin_.table(), values), {}});
    } else {  // a combination that this device has not
      expect_refused(answer, {});
    }
  }

  void bad_optimizer() {
    say("optimizer_create with an unknown key");
    da3_optimizer* optimizer = nullptr;
    expect_refused(
        create(plugin_.table(), usable_device(plugin_.table()), {{"no_such_key_anywhere", "1"}}, &optimizer),
        {DA3_E_UNKNOWN_KEY}, 1, 0);
  }

  void memory_and_trim(LiveOptimizer& at) {
    const uint32_t level = static_cast<uint32_t>(below(3));
    say("memory, trim " + std::to_string(level));
    da3_memory memory = zeroed<da3_memory>();
    uint64_t freed = 0;
    if (plugin_->memory)
      expect_ok(
          call("memory", [&](da3_error* e) { return plugin_->memory(at.optimizer->get(), &memory, e); }));
    if (plugin_->trim)
      expect_ok(
          call("trim", [&](da3_error* e) { return plugin_->trim(at.optimizer->get(), level, &freed, e); }));
  }

  void make_run(LiveModel& model, LiveSession& at) {
    const auto side = [&] { return static_cast<int64_t>(14 * (1 + below(4))); };
    const Shape image{static_cast<int64_t>(1 + below(2)), static_cast<int64_t>(1 + below(3)), side(), side(),
                      3};
    auto run = std::make_unique<Run>(image, static_cast<uint32_t>(below(1000)), below(4));
    std::string names;
    for (const OutputSpec& output : model.model->outputs()) {
      if (below(2)) continue;
      const bool mine = below(2) && !shape_of(output, image).empty();
      if (mine)
        run->host_output(output, 4 * below(8));
      else
        run->plugin_output(output);
      names += " " + output.name + (mine ? "(host)" : "(plugin)");
    }
    Watcher watcher;
    const uint64_t kind = below(8);
    watcher.cancel_at_once = kind == 0;
    if (kind < 4) run->set_watch(watcher.get());
    if (kind == 7) run->plugin_output({"no_such_output", "float32 [B]"});
    say("session_run of " + text_of(image) + names +
        (kind == 0   ? ", cancelled"
         : kind == 7 ? ", no_such_output"
                     : ""));
    const Answer answer = run->run(plugin_.table(), at.session->get());
    if (kind == 7) return expect_refused(answer, {DA3_E_INVALID, DA3_E_SHAPE}, 3);
    if (kind == 0 && answer.code == DA3_E_CANCELLED) return expect_refused(answer, {});
    if (run->outputs().empty() && !answer.ok()) return expect_refused(answer, {DA3_E_INVALID});
    expect_ok(answer);
    if (const std::string damage = run->damage(); !damage.empty()) fail(damage);
    for (const auto& box : run->outputs()) box->floats();
    run->set_watch(nullptr);
    if (below(3) == 0) at.kept.push_back(std::move(run));
  }

  void drop_session(std::vector<LiveSession>& list, size_t i) {
    for (auto& run : list[i].kept) orphans_.push_back(std::move(run));
    list.erase(list.begin() + static_cast<ptrdiff_t>(i));
  }
  void drop_model(std::vector<LiveModel>& list, size_t i) {
    while (!list[i].sessions.empty()) drop_session(list[i].sessions, list[i].sessions.size() - 1);
    list.erase(list.begin() + static_cast<ptrdiff_t>(i));
  }
  void drop_optimizer() {
    const size_t i = below(optimizers_.size());
    say("optimizer_destroy and all that is its");
    while (!optimizers_[i].models.empty())
      drop_model(optimizers_[i].models, optimizers_[i].models.size() - 1);
    optimizers_.erase(optimizers_.begin() + static_cast<ptrdiff_t>(i));
  }

  Context& context_;
  uint64_t seed_;
  uint32_t step_ = 0;
  std::mt19937_64 random_;
  TestHost host_;
  Plugin plugin_;
  std::vector<OptionRow> options_;
  std::vector<LiveOptimizer> optimizers_;
  std::vector<std::unique_ptr<Run>> orphans_;  ///< outputs that have outlived their session
};

std::string sequences(Context& context) {
  const FuzzSettings& fuzz = context.fuzz;
  for (uint64_t seed = fuzz.seed; seed < fuzz.seed + fuzz.sequences; ++seed) {
    Sequence sequence(context, seed);
    const std::string hint = "; repeat it with --reproduce " + std::to_string(seed);
    try {
      sequence.run(fuzz.steps);
    } catch (const Verdict& verdict) {
      if (verdict.status == Status::skip) throw;
      fail(sequence.where() + verdict.sentence + hint);
    } catch (const SetupFailure& failure) {
      fail(sequence.where() + failure.sentence + hint);
    }
  }
  if (fuzz.sequences == 0) skip("--fuzz 0");
  return std::to_string(fuzz.sequences) + " sequences of " + std::to_string(fuzz.steps) + " steps, seeds " +
         std::to_string(fuzz.seed) + " to " + std::to_string(fuzz.seed + fuzz.sequences - 1);
}

}  // namespace

std::vector<Check> fuzz_checks() {
  return {{62, "random legal calls", "what a host may do works in any order", "plugin.h, all of it",
           Needs::device, false, sequences, 180}};
}

}  // namespace da3::check
