// SPDX-License-Identifier: Apache-2.0
// Memory that runs out inside of a call: every allocation of C++ code fails in turn.
#include <functional>

#include "allocation_fault.hpp"
#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

/// Objects made before memory runs out, and the calls that are tried on them.
class Exhaustion {
 public:
  explicit Exhaustion(const da3_plugin& table) : table_(table), device_(usable_device(table)) {}

  /// Fails the 1st, 2nd, ... allocation of the call until it makes no more; later ones in growing steps.
  void run_out(const std::string& what, const std::function<int32_t(da3_error*)>& plugin_call,
               const std::function<void()>& undo) {
    for (const bool on : {false, true})
      for (uint64_t k = 1;; k += 1 + k / 16) {
        const Answer answer = call(what + " without memory", [&](da3_error* error) {
          const AllocationFault fault(k, on);
          return plugin_call(error);
        });
        const bool reached = allocation_failed();
        if (answer.ok())
          undo();
        else if (!answer.defect.empty())
          fail(answer.text() + "; but " + answer.defect);
        else if (reached && answer.code != DA3_E_NOMEM_HOST)
          fail("allocation " + std::to_string(k) + " fails: " + answer.text() +
               "; the code must be DA3_E_NOMEM_HOST");
        else if (!reached)
          fail(answer.text() + " after allocations had failed");
        if (!reached) break;
        ++failures_;
      }
  }

  void device_calls() {
    const auto nothing = [] {};
    run_out(
        "probe", [&](da3_error* e) { return table_.probe([](void*, const da3_device*) {}, nullptr, e); },
        nothing);
    run_out(
        "options", [&](da3_error* e) { return table_.options([](void*, const da3_option*) {}, nullptr, e); },
        nothing);
    const KeyValues none{Values{}};
    da3_optimizer* optimizer = nullptr;
    run_out(
        "optimizer_create",
        [&](da3_error* e) {
          return table_.optimizer_create(none.data(), 0, device_.dl_type, device_.dl_id, &optimizer, e);
        },
        [&] { table_.optimizer_destroy(optimizer); });
    Optimizer good(table_);
    run_out(
        "optimizer_describe",
        [&](da3_error* e) {
          return table_.optimizer_describe(
              good.get(), [](void*, const da3_kv*) {}, nullptr, e);
        },
        nothing);
  }

  void model_calls(const std::string& path) {
    Optimizer optimizer(table_, repeatable(table_));
    // The first load may open runtimes, whose initialisers cannot fail.
    Model model(table_, optimizer.get(), path);
    da3_model* loaded = nullptr;
    run_out(
        "model_load",
        [&](da3_error* e) { return table_.model_load(optimizer.get(), path.c_str(), nullptr, &loaded, e); },
        [&] { table_.model_destroy(loaded); });
    run_out(
        "model_describe",
        [&](da3_error* e) {
          return table_.model_describe(
              model.get(), [](void*, const da3_kv*) {}, nullptr, e);
        },
        [] {});
    da3_session* made = nullptr;
    run_out(
        "session_create", [&](da3_error* e) { return table_.session_create(model.get(), &made, e); },
        [&] { table_.session_destroy(made); });
    Session session(table_, model.get());
    Run run(small_image());
    run.plugin_output(model.outputs().at(0));
    expect_ok(run.run(table_, session.get()));
    run.release();
    da3_run* abi = run.get();
    run_out(
        "session_run", [&](da3_error* e) { return table_.session_run(session.get(), abi, e); },
        [&] { run.release(); });
    expect_ok(run.run(table_, session.get()));
  }

  uint64_t failures() const { return failures_; }

 private:
  const da3_plugin& table_;
  DeviceRow device_;
  uint64_t failures_ = 0;
};

std::string memory_runs_out(Context& context) {
  if (!allocations_can_fail()) skip("allocations cannot be made to fail in this build of the checker");
  TestHost host(context);
  host.offer_nothing();  // a service of the host would fail as well, and its exceptions be ours
  const Plugin plugin(context, host);
  Exhaustion exhaustion(plugin.table());
  exhaustion.device_calls();
  if (!context.model.empty()) exhaustion.model_calls(context.model.string());
  if (exhaustion.failures() == 0) skip("it allocates by no operator new that can be made to fail");
  return std::to_string(exhaustion.failures()) + " allocations failed";
}

}  // namespace

std::vector<Check> exhaustion_checks() {
  return {{75, "memory runs out",
           "a call in which an allocation of C++ fails answers DA3_E_NOMEM_HOST, and works the next time",
           "docs/writing-a-plugin.md, rule 8", Needs::device, false, memory_runs_out, 90}};
}

}  // namespace da3::check
