// SPDX-License-Identifier: Apache-2.0
// The tests that a plugin brings for its device (da3/self_test.h), each in a process of its own, and the
// facts that somebody needs who reads the results elsewhere.
#include <da3/self_test.h>
#include <sys/utsname.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <thread>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

/// Nothing else tries optimizers in a first contact, so a fault of them is told here.
std::unique_ptr<Optimizer> optimizer_of(const da3_plugin& plugin) {
  try {
    return std::make_unique<Optimizer>(plugin);
  } catch (const SetupFailure& failure) {
    fail(failure.sentence);
  }
}

TestRow fact(const std::string& name, const std::string& value) {
  return {"INFO", name, value, "", std::nan(""), std::nan("")};
}

std::string facts(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  utsname system{};
  if (::uname(&system) == 0)
    context.rows.push_back(
        fact("system", std::string(system.sysname) + " " + system.release + " " + system.machine));
  context.rows.push_back(fact("processors", std::to_string(std::thread::hardware_concurrency())));
  context.rows.push_back(fact("plugin", plugin->id + std::string(" ") + plugin->version));
  if (plugin->runtime_id) context.rows.push_back(fact("runtime", plugin->runtime_id));
  for (const DeviceRow& device : probe(plugin.table())) {
    const std::string name = device.name.empty() ? "device" : device.name;
    context.rows.push_back(fact(name, "score " + std::to_string(device.score) + ", " + device.arch +
                                          ", driver " + (device.driver.empty() ? "-" : device.driver) + ", " +
                                          std::to_string(device.mem_total >> 20) + " MiB" +
                                          (device.reason.empty() ? "" : ": " + device.reason)));
  }
  const DeviceRow device = usable_device(plugin.table());
  const auto optimizer = optimizer_of(plugin.table());
  for (const auto& [key, value] : describe(plugin.table(), optimizer->get()))
    context.rows.push_back(fact(key, value));
  return device.name;
}

TestRow row_of(const da3_test_row& row) {
  const char* statuses[] = {"PASS", "FAIL", "SKIP", "INFO"};
  const bool known = row.status >= 0 && row.status < 4;
  const auto text = [](const char* given) { return std::string(given ? given : ""); };
  return {known ? statuses[row.status] : "FAIL",
          text(row.name),
          known ? text(row.reason) : "the row has the unknown status " + std::to_string(row.status),
          text(row.unit),
          row.value,
          row.limit};
}

std::string text_of(const TestRow& row) {
  char figures[96] = "";
  if (!std::isnan(row.value) && !std::isnan(row.limit))
    std::snprintf(figures, sizeof figures, " (%.3g, allowed %.3g %s)", row.value, row.limit,
                  row.unit.c_str());
  return row.name + ": " + row.reason + figures;
}

void take_row(void* ctx, const da3_test_row* row) {
  auto& context = *static_cast<Context*>(ctx);
  if (!row) fail("the sink was given no row");
  context.rows.push_back(row_of(*row));
  trace("self test, after " + shortened(context.rows.back().name));
}

bool has_test(const char* tests, const std::string& wanted) {
  const std::string list = std::string(",") + (tests ? tests : "") + ",";
  return list.find("," + wanted + ",") != std::string::npos;
}

std::string self_test(Context& context, const char* test) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const auto* table =
      plugin->extension ? static_cast<const da3_self_test*>(plugin->extension(DA3_SELF_TEST_ID)) : nullptr;
  if (!DA3_HAS(table, da3_self_test, run) || !table->run) skip("the plugin does not offer " DA3_SELF_TEST_ID);
  if (!has_test(table->tests, test)) skip("the plugin has no such test");
  usable_device(plugin.table());
  const auto optimizer = optimizer_of(plugin.table());
  const std::string model = context.model.string();
  const Answer answer = call(std::string("self test ") + test, [&](da3_error* error) {
    return table->run(optimizer->get(), test, model.c_str(), nullptr, take_row, &context, error);
  });
  size_t wrong = 0, right = 0, skipped = 0;
  const TestRow* first = nullptr;
  for (const TestRow& row : context.rows) {
    wrong += row.status == "FAIL", right += row.status == "PASS", skipped += row.status == "SKIP";
    if (row.status == "FAIL" && !first) first = &row;
  }
  if (first) fail(text_of(*first) + (wrong > 1 ? ", and " + std::to_string(wrong - 1) + " more" : ""));
  expect_ok(answer);
  if (context.rows.empty()) fail("the test gave no row");
  if (right == 0 && skipped > 0) skip(context.rows.front().reason);
  return std::to_string(right) + " right, " + std::to_string(skipped) + " not tried";
}

template <const char* const& test>
std::string run(Context& context) {
  return self_test(context, test);
}

constexpr const char *canary = "canary", *operators = "operators", *kernels = "kernels", *taps = "taps",
                     *graphs = "graphs", *soak = "soak", *timings = "timings";

}  // namespace

std::vector<Check> self_test_checks() {
  constexpr const char* written = "da3/self_test.h";
  constexpr double minutes = 300;
  return {
      {76, "facts", "what a reader elsewhere must know of machine, device and policy is told",
       "docs/first-contact.md", Needs::model, true, facts},
      {77, "the canary lives", "the plugin's own small network computes what the reference does", written,
       Needs::model, true, run<canary>, 120},
      {78, "operators alone", "each operator of a run, alone, gives what it gives on the CPU", written,
       Needs::model, true, run<operators>, minutes},
      {79, "kernels in a run",
       "each kernel of a run, on the run's own numbers, gives what the reference gives", written,
       Needs::model, true, run<kernels>, minutes},
      {80, "layers of a run", "each block's output is the reference's", written, Needs::model, true,
       run<taps>, minutes},
      {81, "recorded runs", "recorded runs give what plain ones give", written, Needs::model, true,
       run<graphs>, minutes},
      {82, "200 shapes in a row", "all results are finite and the first shape gives the same again", written,
       Needs::model, true, run<soak>, minutes},
      {83, "timings", "first and usual runs are timed", written, Needs::model, true, run<timings>, minutes},
  };
}

}  // namespace da3::check
