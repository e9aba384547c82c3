// SPDX-License-Identifier: Apache-2.0
// Progress, cancelling, submit and wait.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "stopwatch.hpp"
#include "watch.hpp"

namespace da3::check {
namespace {

/// "0.31 s"
std::string text_of(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", seconds);
  return text;
}

std::string progress(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  Watcher watcher;
  Run run(small_image());
  bench.add_outputs(run, true);
  run.set_watch(watcher.get());
  expect_ok(run.run(bench.table(), session.get()));
  if (const std::string problem = watcher.problem("session_run"); !problem.empty()) fail(problem);
  const da3_watch none = zeroed<da3_watch>();
  run.set_watch(&none);
  expect_ok(run.run(bench.table(), session.get()));
  if (watcher.reports() == 0) context.note("session_run reports no progress");
  return std::to_string(watcher.reports()) + " reports, " + std::to_string(watcher.polls()) + " polls";
}

/// The largest image of a few that runs, and takes up to a few seconds.
Shape slow_image(Bench& bench, da3_session* session) {
  Shape best = small_image();
  for (const Shape& image : {Shape{1, 2, 140, 140, 3}, Shape{1, 2, 280, 280, 3}, Shape{1, 4, 350, 350, 3},
                             Shape{1, 4, 504, 504, 3}, Shape{1, 8, 504, 504, 3}}) {
    Run run(image);
    run.plugin_output(bench.model->outputs().at(0));
    const Stopwatch watch;
    if (!run.run(bench.table(), session).ok()) break;
    best = image;
    if (watch.seconds() > 1) break;
  }
  return best;
}

/// Seconds for which a run goes on after it was asked to stop; cancelled becomes true when it was in time for
/// that.
double seconds_after_cancel(Bench& bench, da3_session* session, const Shape& image, int delay_ms,
                            bool& cancelled) {
  Watcher watcher;
  Run run(image);
  run.plugin_output(bench.model->outputs().at(0));
  run.set_watch(watcher.get());
  Stopwatch since;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    since = Stopwatch();
    watcher.cancel = true;
  });
  const Answer answer = run.run(bench.table(), session);
  const bool asked = watcher.cancel;
  const double late = asked ? since.seconds() : 0;
  other.join();
  run.release();
  if (!answer.ok()) expect_refused(answer, {DA3_E_CANCELLED}), cancelled = true;
  return late;
}

constexpr double cancel_aim = 0.25, cancel_limit = 5;

/// The best of three tries, for the machine may be busy with other things. What is far too late is not tried
/// again.
double best_of_three(const std::function<double()>& seconds) {
  double best = seconds();
  for (int i = 0; i < 2 && best > cancel_aim && best <= cancel_limit; ++i) best = std::min(best, seconds());
  return best;
}

/// Seconds that a run takes which is cancelled before it begins.
double seconds_when_cancelled(Context& context, Bench& bench, da3_session* session) {
  Watcher watcher;
  watcher.cancel_at_once = true;
  Run run(small_image());
  run.plugin_output(bench.model->outputs().at(0));
  run.set_watch(watcher.get());
  const Stopwatch watch;
  const Answer answer = run.run(bench.table(), session);
  const double took = watch.seconds();
  if (answer.ok())
    context.warn("a run that is cancelled from its beginning is done as if nothing had been asked");
  else
    expect_refused(answer, {DA3_E_CANCELLED});
  return took;
}

std::string cancel(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  bool any = false;
  double worst = best_of_three([&] { return seconds_when_cancelled(context, bench, session.get()); });
  const Shape image = worst > cancel_limit ? small_image() : slow_image(bench, session.get());
  for (int delay_ms : {20, 100, 400}) {
    if (worst > cancel_limit) break;
    worst = std::max(worst, best_of_three([&] {
                       return seconds_after_cancel(bench, session.get(), image, delay_ms, any);
                     }));
  }
  if (worst > cancel_limit) fail("a cancelled run goes on for " + text_of(worst) + ", the limit is 5 s");
  if (worst > cancel_aim)
    context.warn("a cancelled run goes on for " + text_of(worst) + ", the aim is 0.25 s");
  bench.results(session.get(), small_image(), 1);
  return any ? text_of(worst) + " at most" : "runs are too short to be cancelled half-way";
}

Answer submit(Bench& bench, da3_session* session, Run& run, da3_ticket** ticket) {
  *ticket = poison<da3_ticket>();
  da3_run* submitted = run.get();
  const Answer answer = call("session_submit", [&](da3_error* e) {
    return bench.table().session_submit(session, submitted, ticket, e);
  });
  if (!answer.ok() && *ticket) fail(answer.text() + "; but out is not NULL");
  if (answer.ok() && (!*ticket || *ticket == poison<da3_ticket>()))
    fail("session_submit answered DA3_OK and gave no ticket");
  return answer;
}

Answer wait_for(Bench& bench, da3_ticket* ticket, uint64_t milliseconds = UINT64_MAX) {
  return call("ticket_wait",
              [&](da3_error* e) { return bench.table().ticket_wait(ticket, milliseconds, e); });
}

/// A submitted run, waited for in slices, gives what session_run gives.
void submit_one(Bench& bench, da3_session* session) {
  const auto expected = bench.results(session, small_image(), 5);
  Run run(small_image(), 5);
  bench.add_outputs(run, true);
  da3_ticket* ticket = nullptr;
  expect_ok(submit(bench, session, run, &ticket));
  const Stopwatch watch;
  Answer waited;
  do {
    waited = wait_for(bench, ticket, 50);
    if (!waited.ok() && waited.code != DA3_E_TIMEOUT) fail(waited.text());
  } while (!waited.ok() && watch.seconds() < 30);
  expect_ok(waited);
  std::vector<std::vector<float>> results;
  for (const auto& box : run.outputs()) results.push_back(box->floats());
  if (const std::string text = difference(bench.model->outputs(), expected, results);
      bench.repeats() && !text.empty())
    fail("a submitted run gives other results: " + text);
}

/// Two in a row, the second cancelled: each ticket tells its own run's end.
void submit_two(Bench& bench, da3_session* session) {
  Watcher watcher;
  watcher.cancel_at_once = true;
  Run first(small_image(), 5), second(small_image(), 5);
  bench.add_outputs(first, true);
  bench.add_outputs(second, false);
  second.set_watch(watcher.get());
  da3_ticket *one = nullptr, *two = nullptr;
  expect_ok(submit(bench, session, first, &one));
  const Answer queued = submit(bench, session, second, &two);
  if (!queued.ok()) expect_refused(queued, {DA3_E_BUSY});
  expect_ok(wait_for(bench, one));
  if (!queued.ok()) return;
  const Answer end = wait_for(bench, two);
  if (!end.ok()) expect_refused(end, {DA3_E_CANCELLED});
}

/// A run that must be refused: at submit, or at wait.
void submit_bad(Bench& bench, da3_session* session) {
  Run bad(small_image());
  bad.plugin_output({"no_such_output", "float32 [B]"});
  da3_ticket* ticket = nullptr;
  Answer refused = submit(bench, session, bad, &ticket);
  if (refused.ok()) refused = wait_for(bench, ticket);
  expect_refused(refused, {DA3_E_INVALID, DA3_E_SHAPE}, 3, 0);
}

std::string submit_and_wait(Context& context) {
  Bench bench(context);
  if (!bench.table().session_submit || !bench.table().ticket_wait)
    skip("the plugin does not support submit and wait");
  Session session(bench.table(), bench.model->get());
  submit_one(bench, session.get());
  submit_two(bench, session.get());
  submit_bad(bench, session.get());
  bench.results(session.get(), small_image(), 1);
  return "";
}

}  // namespace

std::vector<Check> control_checks() {
  return {
      {69, "a run tells its progress",
       "done never falls within a stage nor passes total, and ends at it; watch and callbacks may be NULL",
       "plugin.h, da3_watch", Needs::run, false, progress},
      {32, "a run can be cancelled",
       "it returns within 250 ms (WARN) and 5 s (FAIL) of the request, with DA3_E_CANCELLED or done; the "
       "session works afterwards",
       "plugin.h, da3_watch; docs/plugin-check.md", Needs::run, false, cancel, 90},
      {57, "submit and wait",
       "a submitted run gives what session_run gives; ticket_wait may time out and be called again",
       "plugin.h, da3_plugin.session_submit", Needs::run, false, submit_and_wait},
  };
}

}  // namespace da3::check
