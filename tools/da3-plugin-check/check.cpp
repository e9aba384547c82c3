// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include <exception>

#include "checks/checks.hpp"
#include "client.hpp"

namespace da3::check {

const char* status_name(Status status) {
  switch (status) {
    case Status::pass:
      return "PASS";
    case Status::warn:
      return "WARN";
    case Status::fail:
      return "FAIL";
    case Status::skip:
      return "SKIP";
    default:
      return "CRASH";
  }
}

void fail(const std::string& sentence) {
  trace_failure(sentence);
  throw Verdict{Status::fail, sentence};
}
void skip(const std::string& sentence) { throw Verdict{Status::skip, sentence}; }

const std::vector<Check>& all_checks() {
  static const std::vector<Check> all = [] {
    std::vector<Check> list;
    for (const auto& topic :
         {file_checks(), entry_checks(), table_checks(), probe_checks(), option_checks(), optimizer_checks(),
          model_checks(), run_checks(), layout_checks(), refusal_checks(), control_checks(), sharing_checks(),
          memory_checks(), exhaustion_checks(), resource_checks(), process_checks(), fuzz_checks(),
          self_test_checks()})
      list.insert(list.end(), topic.begin(), topic.end());
    return list;
  }();
  return all;
}

Outcome run_here(const Check& check, Context& context) {
  Outcome outcome;
  outcome.check = &check;
  try {
    outcome.sentence = check.run(context);
    if (!context.warnings.empty()) {
      outcome.status = Status::warn;
      outcome.sentence = context.warnings.front();
      context.notes.insert(context.notes.begin(), context.warnings.begin() + 1, context.warnings.end());
    }
  } catch (const Verdict& verdict) {
    outcome.status = verdict.status;
    outcome.sentence = verdict.sentence;
  } catch (const SetupFailure& failure) {
    const bool mine = failure.gate == check.number;
    outcome.status = mine ? Status::fail : Status::skip;
    outcome.gate = mine ? 0 : failure.gate;
    outcome.sentence = failure.sentence;
  } catch (const std::exception& error) {
    outcome.status = Status::fail;
    outcome.sentence = std::string("the check itself failed: ") + error.what();
  }
  outcome.details = context.notes;
  outcome.rows = context.rows;
  return outcome;
}

}  // namespace da3::check
