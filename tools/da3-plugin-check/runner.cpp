// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include "child.hpp"

namespace da3::check {
namespace {

/// Which check shows that a need is met: when that one crashes, so would all that build on it.
constexpr struct {
  int check;
  Needs from;
} gates[] = {{1, Needs::library},    {5, Needs::entry},  {58, Needs::entry}, {11, Needs::device},
             {22, Needs::optimizer}, {26, Needs::model}, {63, Needs::run}};

std::string skip_reason(const Check& check, const Plan& plan, const Context& context,
                        const std::set<int>& crashed) {
  if (plan.first_contact && !check.first_contact) return "not part of the first contact: it uses the device";
  if (check.needs >= Needs::model && context.model.empty()) return "it needs a model: give --model DIR";
  for (const auto& gate : gates)
    if (gate.check != check.number && check.needs >= gate.from && crashed.contains(gate.check))
      return "check " + std::to_string(gate.check) + " crashed, which must work first";
  return "";
}

}  // namespace

std::vector<Outcome> run_checks_of(const Plan& plan, const Context& context,
                                   const std::function<void(const Outcome&)>& tell) {
  std::vector<Outcome> outcomes;
  std::set<int> crashed;
  for (const Check& check : all_checks()) {
    if (!plan.only.empty() && !plan.only.contains(check.number)) continue;
    if (stop_signal()) break;
    Outcome outcome;
    outcome.check = &check;
    if (const std::string reason = skip_reason(check, plan, context, crashed); !reason.empty()) {
      outcome.status = Status::skip;
      outcome.sentence = reason;
    } else if (plan.in_process) {
      Context copy = context;
      outcome = run_here(check, copy);
    } else {
      outcome = run_in_child(check, context,
                             check.seconds > 0 ? check.seconds * plan.seconds / usual_seconds : plan.seconds);
    }
    if (outcome.status == Status::crash) crashed.insert(check.number);
    tell(outcome);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace da3::check
