// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include <map>

#include "child.hpp"
#include "scratch.hpp"

namespace da3::check {
namespace {

/// Which check shows that a need is met: when that one crashes, so would all that build on it.
constexpr struct {
  int check;
  Needs from;
} gates[] = {{1, Needs::library},    {5, Needs::entry},  {58, Needs::entry}, {11, Needs::device},
             {22, Needs::optimizer}, {26, Needs::model}, {63, Needs::run}};

using Statuses = std::map<int, Status>;  ///< of the checks that were run

bool chosen(const Plan& plan, int number) { return plan.only.empty() || plan.only.contains(number); }

std::string skip_reason(const Check& check, const Plan& plan, const Context& context, const Statuses& done) {
  if (plan.first_contact && !check.first_contact) return "not part of the first contact: it uses the device";
  if (check.needs >= Needs::model && context.model.empty()) return "it needs a model: give --model DIR";
  for (const auto& gate : gates) {
    const auto at = done.find(gate.check);
    if (gate.check != check.number && check.needs >= gate.from && at != done.end() &&
        at->second == Status::crash)
      return "check " + std::to_string(gate.check) + " crashed, which must work first";
  }
  return "";
}

Outcome run_one(const Check& check, const Plan& plan, const Context& context) {
  if (!plan.in_process)
    return run_in_child(check, context,
                        check.seconds > 0 ? check.seconds * plan.seconds / usual_seconds : plan.seconds);
  const Scratch scratch;
  Context here = context;
  here.scratch = scratch.path();
  here.own_process = false;
  return run_here(check, here);
}

/// Checks that only look at more when there is a model do without one that crashes the process.
Context without_crashing_model(const Context& context, const Statuses& done) {
  Context here = context;
  for (int gate : {26, 63})
    if (const auto at = done.find(gate); at != done.end() && at->second == Status::crash) here.model.clear();
  return here;
}

/// What a check needed did not work. Where the check that is about it says so too, or still comes, this one
/// could not be tried; where it worked there, it is this check that found the fault.
void settle_gate(Outcome& outcome, const Plan& plan, const Statuses& done) {
  if (outcome.gate == 0) return;
  const auto at = done.find(outcome.gate);
  const bool to_come = at == done.end() && chosen(plan, outcome.gate);
  const bool worked = at != done.end() && (at->second == Status::pass || at->second == Status::warn);
  if (worked || (at == done.end() && !to_come))
    outcome.status = Status::fail;
  else
    outcome.sentence += "; see check " + std::to_string(outcome.gate);
}

}  // namespace

std::vector<Outcome> run_checks_of(const Plan& plan, const Context& context,
                                   const std::function<void(const Outcome&)>& tell) {
  std::vector<Outcome> outcomes;
  Statuses done;
  for (const Check& check : all_checks()) {
    if (!chosen(plan, check.number)) continue;
    if (stop_signal()) break;
    Outcome outcome;
    outcome.check = &check;
    if (const std::string reason = skip_reason(check, plan, context, done); !reason.empty()) {
      outcome.status = Status::skip;
      outcome.sentence = reason;
    } else {
      outcome = run_one(check, plan, without_crashing_model(context, done));
    }
    settle_gate(outcome, plan, done);
    done[check.number] = outcome.status;
    tell(outcome);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace da3::check
