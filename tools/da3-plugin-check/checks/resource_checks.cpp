// SPDX-License-Identifier: Apache-2.0
// Growth over many lives.
#include <functional>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "process_state.hpp"

namespace da3::check {
namespace {

constexpr uint64_t allowed_growth = 1 << 20;

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

/// 100 cycles after some to warm up; allocators settle late, so growth must go on to count.
std::string no_growth(const char* what, const std::function<void()>& cycle) {
  if (resident_bytes() == 0) skip("this system does not tell the resident memory");
  for (int i = 0; i < 20; ++i) cycle();
  uint64_t growth = 0;
  const size_t files = open_files().size(), threads = thread_count();
  for (int round = 0; round < 4; ++round) {
    const uint64_t before = resident_bytes();
    for (int i = 0; i < 100; ++i) cycle();
    const uint64_t after = resident_bytes();
    growth = after > before ? after - before : 0;
    if (growth < allowed_growth) break;
  }
  if (open_files().size() > files)
    fail(std::string(what) + " leave " + std::to_string(open_files().size() - files) +
         " files open, the last " + open_files().back());
  if (thread_count() > threads + 1)
    fail(std::string(what) + " leave " + std::to_string(thread_count() - threads) + " threads running");
  if (growth >= allowed_growth)
    fail("100 " + std::string(what) + " leave " + megabytes(growth) + " of memory, again and again");
  return megabytes(growth) + " in 100 " + what;
}

std::string lives(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const Values values = repeatable(plugin.table());
  return no_growth("lives of optimizer, model and session", [&] {
    Optimizer optimizer(plugin.table(), values);
    Model model(plugin.table(), optimizer.get(), context.model.string());
    Session session(plugin.table(), model.get());
    Run run({1, 1, 28, 28, 3});
    run.plugin_output(model.outputs().at(0));
    expect_ok(run.run(plugin.table(), session.get()));
    run.release();
  });
}

std::string runs(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  return no_growth("runs of one session", [&] {
    Run run({1, 1, 28, 28, 3});
    run.plugin_output(bench.model->outputs().at(0));
    expect_ok(run.run(bench.table(), session.get()));
    run.release();
  });
}

std::string refusals(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const DeviceRow device = usable_device(plugin.table());
  return no_growth("refused optimizers and entries", [&] {
    da3_optimizer* optimizer = nullptr;
    expect_refused(create(plugin.table(), device, {{"no_such_key_anywhere", "1"}}, &optimizer),
                   {DA3_E_UNKNOWN_KEY});
    Plugin again(context, host);
    Optimizer good(again.table());
    probe(again.table());
  });
}

}  // namespace

std::vector<Check> resource_checks() {
  constexpr const char* written = "docs/writing-a-plugin.md, rule 7; docs/plugin-check.md";
  return {
      {41, "lives leave nothing",
       "100 cycles of create, load, run and destroy grow memory by less than 1 MB, and no files or threads",
       written, Needs::run, false, lives, 180},
      {72, "runs leave nothing",
       "100 runs of one session grow memory by less than 1 MB, and no files or threads", written, Needs::run,
       false, runs, 180},
      {73, "refusals leave nothing",
       "100 refused and 100 good optimizers grow memory by less than 1 MB, and no files or threads", written,
       Needs::device, false, refusals, 90},
  };
}

}  // namespace da3::check
