// SPDX-License-Identifier: Apache-2.0
// Threads, sessions and optimizers beside each other.
#include <atomic>
#include <exception>
#include <thread>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

/// Runs work(i) on n threads; the first problem becomes this thread's.
template <class Work>
void on_threads(size_t n, Work&& work) {
  std::vector<std::exception_ptr> problems(n);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < n; ++i)
    threads.emplace_back([&, i] {
      try {
        work(i);
      } catch (...) {
        problems[i] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& problem : problems)
    if (problem) std::rethrow_exception(problem);
}

std::string parallel_sessions(Context& context) {
  Bench bench(context);
  const bool compare = bench.repeats();
  constexpr size_t sessions = 4;
  std::vector<std::vector<std::vector<float>>> serial(sessions);
  {
    Session session(bench.table(), bench.model->get());
    for (size_t i = 0; i < sessions; ++i)
      serial[i] = bench.results(session.get(), small_image(), static_cast<uint32_t>(i));
  }
  on_threads(sessions, [&](size_t i) {
    for (int k = 0; k < 3; ++k) {
      Session session(bench.table(), bench.model->get());
      const auto results = bench.results(session.get(), small_image(), static_cast<uint32_t>(i));
      if (const std::string text = difference(bench.model->outputs(), serial[i], results);
          compare && !text.empty())
        fail("of 4 sessions at once one differs from the same run alone: " + text);
    }
  });
  return compare ? "" : "not compared: the plugin promises no repeatable results";
}

std::string two_optimizers(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  bool threads = false;
  for (const OptionRow& row : options(plugin.table())) threads |= row.key == "threads";
  if (!threads) skip("there is no option threads");
  Values one = repeatable(plugin.table()), two = one;
  one.emplace_back("threads", "1");
  two.emplace_back("threads", "2");
  Optimizer first(plugin.table(), one);
  const Values before = describe(plugin.table(), first.get());
  Optimizer second(plugin.table(), two);
  if (describe(plugin.table(), first.get()) != before)
    fail("a second optimizer changes what the first one describes");
  const auto effective = [&](const Optimizer& optimizer) {
    const Values told = describe(plugin.table(), optimizer.get());
    const std::string* value = find(told, "effective.threads");
    return value ? *value : "";
  };
  if (effective(first) != "1") fail("with threads=1 effective.threads is " + effective(first));
  second.destroy();
  if (describe(plugin.table(), first.get()) != before)
    fail("destroying one optimizer changes what another one describes");
  return "";
}

std::string two_models(Context& context) {
  Bench bench(context);
  const bool compare = bench.repeats();
  Session session(bench.table(), bench.model->get());
  const auto alone = bench.results(session.get(), small_image(), 2);
  auto other = std::make_unique<Optimizer>(bench.table(), repeatable(bench.table()));
  auto model = std::make_unique<Model>(bench.table(), other->get(), context.model.string());
  auto third = std::make_unique<Session>(bench.table(), model->get());
  const auto beside = bench.results(third->get(), small_image(), 2);
  if (const std::string text = difference(bench.model->outputs(), alone, beside); compare && !text.empty())
    fail("a second optimizer computes otherwise: " + text);
  third.reset();
  model.reset();
  other.reset();
  const auto after = bench.results(session.get(), small_image(), 2);
  if (const std::string text = difference(bench.model->outputs(), alone, after); compare && !text.empty())
    fail("after another optimizer is gone the results differ: " + text);
  return "";
}

std::string many_creates(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  on_threads(4, [&](size_t) {
    for (int i = 0; i < 5; ++i) {
      Optimizer optimizer(plugin.table());
      describe(plugin.table(), optimizer.get());
      if (!context.model.empty()) Model model(plugin.table(), optimizer.get(), context.model.string());
    }
  });
  return "";
}

std::string other_thread(Context& context) {
  Bench bench(context);
  auto session = std::make_unique<Session>(bench.table(), bench.model->get());
  on_threads(1, [&](size_t) { bench.results(session->get(), small_image(), 1); });
  on_threads(1, [&](size_t) { bench.results(session->get(), small_image(), 1); });
  on_threads(1, [&](size_t) { session->destroy(); });
  on_threads(1, [&](size_t) { bench.model->destroy(); });
  on_threads(1, [&](size_t) { bench.optimizer->destroy(); });
  return "";
}

std::string during_a_run(Context& context) {
  Bench bench(context);
  const da3_plugin& table = bench.table();
  if (!table.memory && !table.trim) skip("the plugin supports neither memory nor trim");
  Session session(table, bench.model->get());
  const auto alone = bench.results(session.get(), small_image(), 3);
  std::atomic<bool> done{false};
  std::string problem;
  std::thread other([&] {
    try {
      for (uint32_t level = 0; !done; level = (level + 1) % 3) {
        da3_memory memory = zeroed<da3_memory>();
        uint64_t freed = 0;
        if (table.memory)
          expect_ok(
              call("memory", [&](da3_error* e) { return table.memory(bench.optimizer->get(), &memory, e); }));
        if (table.trim)
          expect_ok(call("trim",
                         [&](da3_error* e) { return table.trim(bench.optimizer->get(), level, &freed, e); }));
      }
    } catch (const Verdict& verdict) {
      problem = verdict.sentence;
    }
  });
  std::string text;
  try {
    for (int i = 0; i < 10 && text.empty(); ++i)
      text = difference(bench.model->outputs(), alone, bench.results(session.get(), small_image(), 3));
  } catch (...) {
    done = true;
    other.join();
    throw;
  }
  done = true;
  other.join();
  if (!problem.empty()) fail("beside a run: " + problem);
  if (!text.empty() && bench.repeats()) fail("memory and trim beside a run change its results: " + text);
  return "";
}

}  // namespace

std::vector<Check> sharing_checks() {
  constexpr const char* written = "plugin.h, THREADS";
  return {
      {36, "sessions in parallel", "several sessions at once give what each gives alone",
       "plugin.h, da3_plugin.session_run", Needs::run, false, parallel_sessions},
      {37, "optimizers beside each other", "a second optimizer changes nothing of the first one's policy",
       written, Needs::device, false, two_optimizers},
      {70, "models beside each other", "a second optimizer with its model changes no result of the first",
       written, Needs::run, false, two_models},
      {71, "creating in parallel",
       "optimizers and models are made, described and destroyed on several threads at once", written,
       Needs::device, false, many_creates},
      {38, "memory and trim beside a run", "both may be called during a run and change no result",
       "plugin.h, da3_plugin.memory", Needs::run, false, during_a_run},
      {39, "any thread", "objects are used and destroyed on other threads than the one that made them",
       written, Needs::run, false, other_thread},
  };
}

}  // namespace da3::check
