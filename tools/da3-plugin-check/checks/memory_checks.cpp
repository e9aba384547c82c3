// SPDX-License-Identifier: Apache-2.0
// What a plugin says about memory, keeps to and gets from the host.
#include <sys/mman.h>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "stopwatch.hpp"

namespace da3::check {
namespace {

constexpr uint64_t unknown = UINT64_MAX;

da3_memory estimate_of(const Bench& bench, Run& run) {
  da3_memory memory = zeroed<da3_memory>();
  da3_run* abi = run.get();
  expect_ok(call("estimate",
                 [&](da3_error* e) { return bench.table().estimate(bench.model->get(), abi, &memory, e); }));
  return memory;
}

/// A run without any data.
void drop_data(Run& run) {
  for (auto& box : run.inputs()) box->t.data = nullptr;
}

std::string estimates(Context& context) {
  Bench bench(context);
  if (!bench.table().estimate) skip("the plugin does not support estimate");
  Run run(small_image());
  run.plugin_output(bench.model->outputs().at(0));
  drop_data(run);
  const da3_memory first = estimate_of(bench, run), second = estimate_of(bench, run);
  if (std::memcmp(&first, &second, sizeof first) != 0) fail("two estimates of one run differ");
  Run larger({1, 8, 280, 280, 3});
  larger.plugin_output(bench.model->outputs().at(0));
  drop_data(larger);
  const da3_memory more = estimate_of(bench, larger);
  if (more.peak != unknown && first.peak != unknown && more.peak < first.peak)
    fail("a larger run is estimated to need less memory");
  if (more.peak != unknown && more.weights != unknown && more.peak < more.weights)
    fail("the estimated peak is less than the weights");
  // An older host has a shorter struct: nothing is written beyond it.
  Guarded memory(offsetof(da3_memory, limit));
  std::memset(memory.data(), 0, memory.size());
  auto* shorter = reinterpret_cast<da3_memory*>(memory.data());
  shorter->struct_size = static_cast<uint32_t>(memory.size());
  da3_run* abi = run.get();
  const Answer answer = call(
      "estimate", [&](da3_error* e) { return bench.table().estimate(bench.model->get(), abi, shorter, e); });
  if (const std::string damage = memory.damage(); !damage.empty())
    fail("with a shorter da3_memory: " + damage);
  if (answer.ok() && shorter->struct_size != memory.size()) fail("da3_memory.struct_size was changed");
  run.plugin_output({"no_such_output", "float32 [B]"});
  abi = run.get();
  da3_memory out = zeroed<da3_memory>();
  expect_refused(call("estimate",
                      [&](da3_error* e) { return bench.table().estimate(bench.model->get(), abi, &out, e); }),
                 {DA3_E_INVALID, DA3_E_SHAPE}, 3, 1);
  return first.peak == unknown ? "the peak is not known"
                               : std::to_string(first.peak >> 20) + " MB for a small run";
}

da3_memory memory_of(const Bench& bench) {
  da3_memory memory = zeroed<da3_memory>();
  expect_ok(
      call("memory", [&](da3_error* e) { return bench.table().memory(bench.optimizer->get(), &memory, e); }));
  return memory;
}

std::string memory(Context& context) {
  Bench bench(context);
  if (!bench.table().memory) skip("the plugin does not support memory");
  Session session(bench.table(), bench.model->get());
  const da3_memory before = memory_of(bench);
  bench.results(session.get(), small_image(), 1);
  const da3_memory small = memory_of(bench);
  bench.results(session.get(), Shape{1, 2, 140, 140, 3}, 1);
  const da3_memory large = memory_of(bench);
  for (const da3_memory* m : {&small, &large})
    if (m->peak != unknown && m->weights != unknown && m->peak < m->weights)
      fail("the peak is less than the weights");
  if (before.weights != unknown && before.weights == 0) context.note("a loaded model has weights of 0 bytes");
  if (small.peak != unknown && large.peak != unknown && large.peak < small.peak)
    fail("the peak falls from " + std::to_string(small.peak) + " to " + std::to_string(large.peak));
  if (before.limit != large.limit) fail("the limit changes from one call to the next");
  const uint64_t weights = large.weights;
  bench.model->destroy();
  const da3_memory after = memory_of(bench);
  if (weights != unknown && after.weights != unknown && after.weights > weights)
    fail("weights grow when the model is destroyed");
  return "";
}

std::string trims(Context& context) {
  Bench bench(context);
  if (!bench.table().trim) skip("the plugin does not support trim");
  const bool compare = bench.repeats();
  Session session(bench.table(), bench.model->get());
  const auto before = bench.results(session.get(), small_image(), 1);
  for (uint32_t level : {0u, 1u, 2u}) {
    uint64_t freed = 0;
    expect_ok(call(
        "trim", [&](da3_error* e) { return bench.table().trim(bench.optimizer->get(), level, &freed, e); }));
    if (const std::string text =
            difference(bench.model->outputs(), before, bench.results(session.get(), small_image(), 1));
        compare && !text.empty())
      fail("after trim(" + std::to_string(level) + ") the results differ: " + text);
  }
  uint64_t freed = 0;
  const uint64_t idle = bench.table().memory ? memory_of(bench).pool_idle : unknown;
  expect_ok(
      call("trim", [&](da3_error* e) { return bench.table().trim(bench.optimizer->get(), 2, &freed, e); }));
  if (idle != unknown && idle > (1u << 20)) {
    const uint64_t left = memory_of(bench).pool_idle;
    if (left != unknown && left > idle / 10)
      fail("trim(2) leaves " + std::to_string(left) + " of " + std::to_string(idle) +
           " idle bytes; 90 % must go");
  }
  return "";
}

std::string host_allocations(Context& context) {
  TestHost host(context);
  uint64_t used = 0;
  {
    const Plugin plugin(context, host);
    Optimizer optimizer(plugin.table());
    Model model(plugin.table(), optimizer.get(), context.model.string());
    Session session(plugin.table(), model.get());
    Run run(small_image());
    run.plugin_output(model.outputs().at(0));
    expect_ok(run.run(plugin.table(), session.get()));
    run.release();
    used = host.allocations();
  }
  if (const std::string misuse = host.misuse(); !misuse.empty()) fail(misuse);
  if (host.live_blocks())
    fail(std::to_string(host.live_blocks()) + " blocks of host->alloc were not given back");
  if (used == 0) skip("the plugin does not use host->alloc");
  for (uint64_t k = 1; k <= std::min<uint64_t>(used, 50); ++k) {
    const Plugin plugin(context, host);
    host.fail_allocation(k);
    try {
      Optimizer optimizer(plugin.table());
      Model model(plugin.table(), optimizer.get(), context.model.string());
      Session session(plugin.table(), model.get());
      Run run(small_image());
      run.plugin_output(model.outputs().at(0));
      const Answer answer = run.run(plugin.table(), session.get());
      if (!answer.ok()) expect_refused(answer, {DA3_E_NOMEM_HOST});
    } catch (const SetupFailure& failure) {
      if (failure.sentence.find("DA3_E_NOMEM_HOST") == std::string::npos)
        fail("when host->alloc fails: " + failure.sentence);
    }
    host.fail_allocation(0);
    if (host.live_blocks())
      fail("when allocation " + std::to_string(k) + " of host->alloc fails, blocks are not given back");
  }
  return std::to_string(used) + " allocations";
}

std::string limit(Context& context) {
  Bench bench(context);
  if (!bench.table().estimate || !bench.table().memory)
    skip("the plugin does not support estimate and memory");
  const uint64_t limit = memory_of(bench).limit;
  if (limit == unknown || limit == 0) skip("the policy has no limit");
  Session session(bench.table(), bench.model->get());
  // Views are added until the estimate is above the limit; their pixels are never touched.
  for (int64_t views = 64; views <= (1 << 20); views *= 2) {
    Run run({1, 1, 14, 14, 3});
    Box& image = run.image();
    image.shape = {1, views, 504, 504, 3};
    image.t.shape = image.shape.data();
    image.t.data = nullptr;
    run.plugin_output(bench.model->outputs().at(0));
    const da3_memory needed = estimate_of(bench, run);
    if (needed.peak == unknown) skip("the peak of an estimate is not known");
    if (needed.peak <= limit) continue;
    const size_t bytes = count_of(image.shape);
    void* pixels = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pixels == MAP_FAILED) skip("no address space for a run above the limit");
    image.t.data = pixels;
    const Stopwatch watch;
    expect_refused(run.run(bench.table(), session.get()), {DA3_E_NOMEM_HOST, DA3_E_NOMEM_DEVICE});
    if (watch.seconds() > 5) fail("a run above the limit is refused only after work");
    ::munmap(pixels, bytes);
    bench.results(session.get(), small_image(), 1);
    return std::to_string(views) + " views are refused, the limit is " + std::to_string(limit >> 20) + " MB";
  }
  skip("no run was found whose estimate is above the limit");
}

}  // namespace

std::vector<Check> memory_checks() {
  return {
      {52, "estimates",
       "estimate works from shapes alone, says the same twice, more for a larger run, and refuses a bad run",
       "plugin.h, da3_plugin.estimate", Needs::run, false, estimates},
      {42, "memory",
       "memory tells a peak that never falls and is not less than the weights, and a constant limit",
       "plugin.h, da3_memory", Needs::run, false, memory},
      {43, "trim",
       "every level may be called between runs and changes no result; level 2 gives idle memory back",
       "plugin.h, da3_plugin.trim", Needs::run, false, trims},
      {56, "the limit is kept",
       "a run whose estimate is above the limit fails with DA3_E_NOMEM_* before any work",
       "plugin.h, da3_memory.limit", Needs::run, false, limit},
      {44, "memory of the host",
       "what host->alloc gave goes back, once; when it fails, DA3_E_NOMEM_HOST and no leak",
       "plugin.h, da3_host.alloc", Needs::run, false, host_allocations},
  };
}

}  // namespace da3::check
