// SPDX-License-Identifier: Apache-2.0
// Progress, cancelling, submit and wait.
#include <chrono>
#include <thread>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "watch.hpp"

namespace da3::check {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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
    const auto start = Clock::now();
    if (!run.run(bench.table(), session).ok()) break;
    best = image;
    if (seconds_since(start) > 1) break;
  }
  return best;
}

std::string cancel(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  double worst = 0;
  {
    Watcher watcher;
    watcher.cancel_at_once = true;
    Run run(small_image());
    run.plugin_output(bench.model->outputs().at(0));
    run.set_watch(watcher.get());
    const auto start = Clock::now();
    const Answer answer = run.run(bench.table(), session.get());
    worst = seconds_since(start);
    if (answer.ok())
      context.warn("a run that is cancelled from its beginning is done as if nothing had been asked");
    if (!answer.ok()) expect_refused(answer, {DA3_E_CANCELLED});
  }
  const Shape image = slow_image(bench, session.get());
  bool any = false;
  for (int delay : {20, 100, 400}) {
    Watcher watcher;
    Run run(image);
    run.plugin_output(bench.model->outputs().at(0));
    run.set_watch(watcher.get());
    Clock::time_point asked;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
      asked = Clock::now();
      watcher.cancel = true;
    });
    const Answer answer = run.run(bench.table(), session.get());
    const auto end = Clock::now();
    other.join();
    run.release();
    const double late = std::chrono::duration<double>(end - asked).count();
    if (!answer.ok()) expect_refused(answer, {DA3_E_CANCELLED}), any = true;
    worst = std::max(worst, late);
  }
  if (worst > 5) fail("a cancelled run goes on for " + std::to_string(worst) + " s, the limit is 5 s");
  if (worst > 0.25)
    context.warn("a cancelled run goes on for " + std::to_string(worst) + " s, the aim is 0.25 s");
  bench.results(session.get(), small_image(), 1);
  char text[64];
  std::snprintf(text, sizeof text, "%.0f ms at most", std::max(0.0, worst) * 1000);
  return any ? text : "runs are too short to be cancelled half-way";
}

std::string submit(Context& context) {
  Bench bench(context);
  const da3_plugin& table = bench.table();
  if (!table.session_submit || !table.ticket_wait) skip("the plugin does not support submit and wait");
  Session session(table, bench.model->get());
  const auto expected = bench.results(session.get(), small_image(), 5);
  Run run(small_image(), 5);
  bench.add_outputs(run, true);
  da3_run* submitted = run.get();
  da3_ticket* ticket = nullptr;
  expect_ok(call("session_submit",
                 [&](da3_error* e) { return table.session_submit(session.get(), submitted, &ticket, e); }));
  if (!ticket) fail("session_submit answered DA3_OK and gave no ticket");
  const auto start = Clock::now();
  Answer waited;
  do {
    waited = call("ticket_wait", [&](da3_error* e) { return table.ticket_wait(ticket, 50, e); });
    if (!waited.ok() && waited.code != DA3_E_TIMEOUT) fail(waited.text());
  } while (!waited.ok() && seconds_since(start) < 30);
  expect_ok(waited);
  std::vector<std::vector<float>> results;
  for (const auto& box : run.outputs()) results.push_back(box->floats());
  if (const std::string text = difference(bench.model->outputs(), expected, results); !text.empty())
    fail("a submitted run gives other results: " + text);
  // Two in a row, the second cancelled: each ticket tells its own run's end.
  Watcher watcher;
  watcher.cancel_at_once = true;
  Run first(small_image(), 5), second(small_image(), 5);
  bench.add_outputs(first, true);
  bench.add_outputs(second, false);
  second.set_watch(watcher.get());
  da3_ticket *one = nullptr, *two = nullptr;
  submitted = first.get();
  expect_ok(call("session_submit",
                 [&](da3_error* e) { return table.session_submit(session.get(), submitted, &one, e); }));
  submitted = second.get();
  const Answer queued = call("session_submit", [&](da3_error* e) {
    return table.session_submit(session.get(), submitted, &two, e);
  });
  if (!queued.ok()) expect_refused(queued, {DA3_E_BUSY});
  expect_ok(call("ticket_wait", [&](da3_error* e) { return table.ticket_wait(one, UINT64_MAX, e); }));
  if (queued.ok()) {
    const Answer end =
        call("ticket_wait", [&](da3_error* e) { return table.ticket_wait(two, UINT64_MAX, e); });
    if (!end.ok()) expect_refused(end, {DA3_E_CANCELLED});
  }
  // A run that must be refused: at submit, or at wait.
  Run bad(small_image());
  bad.plugin_output({"no_such_output", "float32 [B]"});
  submitted = bad.get();
  ticket = reinterpret_cast<da3_ticket*>(uintptr_t{16});
  const Answer refused = call("session_submit", [&](da3_error* e) {
    return table.session_submit(session.get(), submitted, &ticket, e);
  });
  if (!refused.ok()) {
    expect_refused(refused, {DA3_E_INVALID, DA3_E_SHAPE}, 3, 0);
    if (ticket) fail("session_submit refuses, but out is not NULL");
  } else {
    expect_refused(
        call("ticket_wait", [&](da3_error* e) { return table.ticket_wait(ticket, UINT64_MAX, e); }),
        {DA3_E_INVALID, DA3_E_SHAPE}, 3, 0);
  }
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
       "plugin.h, da3_plugin.session_submit", Needs::run, false, submit},
  };
}

}  // namespace da3::check
